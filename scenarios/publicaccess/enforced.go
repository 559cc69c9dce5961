package publicaccess

import (
	"context"
	"fmt"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What BucketOwnerEnforced asks of a bucket, and does to its ACLs.

var _ = Add(Scenario{
	ID:    "publicaccess.enforced.public-bucket",
	Rule:  "PB-10",
	Says:  "Turning BucketOwnerEnforced on MUST fail with 400 InvalidBucketAclWithObjectOwnership while the bucket's ACL lets the public in, and change nothing.",
	Ref:   guideRefused,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, writer)
		for _, acl := range []string{"public-read", "public-read-write", "authenticated-read"} {
			mustUntil(ctx, s, 200, setACL(b, "", canned(acl)))
			settleGrants(ctx, s, b, true)
			_, err := putOwnership(ctx, s, b, enforced)
			s.Expect(err).To(FailWith(400, "InvalidBucketAclWithObjectOwnership"), acl)
			s.Expect(ownedBy(ctx, s, b, writer)).To(OK(), "I0: the ownership after the refusal")
			all, err := grants(ctx, s, b, "")
			s.Expect(err).To(OK(), "read the ACL")
			s.Expect(toPublic(all)).To(BeNumerically(">", 0), "I0: public grants after the refusal")
		}
		mustUntil(ctx, s, 200, setACL(b, "", canned("private")))
		settleGrants(ctx, s, b, false)
		_, err := putOwnership(ctx, s, b, enforced)
		s.Expect(err).To(OK(), "once the ACL is private")
	},
})

// settleGrants waits until a bucket's ACL says that the public is let in, or
// that it is not.
func settleGrants(ctx context.Context, s *S, bucket string, public bool) {
	s.Settle(ctx, "the bucket's ACL", func() error {
		all, err := grants(ctx, s, bucket, "")
		if err == nil && toPublic(all) > 0 != public {
			err = fmt.Errorf("%d grants to the public", toPublic(all))
		}
		return err
	})
}

var _ = Add(Scenario{
	ID:    "publicaccess.enforced.shared-bucket",
	Rule:  "PB-10",
	Says:  "Turning BucketOwnerEnforced on MUST fail with 400 InvalidBucketAclWithObjectOwnership while the bucket's ACL grants anything to another account, and change nothing.",
	Ref:   guideRefused,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, writer)
		mustUntil(ctx, s, 200, setACL(b, "", [2]string{"x-amz-grant-read", `id="` + altID(ctx, s) + `"`}))
		mustUntil(ctx, s, 200, by(AltAccount, b, ""))
		_, err := putOwnership(ctx, s, b, enforced)
		s.Expect(err).To(FailWith(400, "InvalidBucketAclWithObjectOwnership"))
		s.Expect(ownedBy(ctx, s, b, writer)).To(OK(), "I0: the ownership after the refusal")
		s.Expect(s.Send(ctx, by(AltAccount, b, ""))).To(HaveStatus(200), "I0: ListObjects by the other account after the refusal")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.enforced.object-acl",
	Rule:  "PB-10",
	Says:  "Under BucketOwnerEnforced the ACL of an object MUST no longer let anybody in, and MUST do so again once ACLs are back on.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, writer)
		mustUntil(ctx, s, 200, put(b, "k", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		for _, back := range ownerships[1:] {
			_, err := putOwnership(ctx, s, b, enforced)
			s.Expect(err).To(OK(), "turn ACLs off, though an object's is public")
			s.Expect(until(ctx, s, 403, by(Anonymous, b, "k"))).To(FailWith(403, "AccessDenied"), "while ACLs are off")
			all, err := grants(ctx, s, b, "k")
			s.Expect(err).To(OK(), "read the object's ACL while ACLs are off")
			s.Expect(toPublic(all)).To(BeZero(), "public grants that show while ACLs are off")
			s.ExpectBody(ctx, b, "k", "v")
			own(ctx, s, b, back)
			s.Expect(until(ctx, s, 200, by(Anonymous, b, "k"))).To(HaveStatus(200), "under %s", back)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.enforced.account",
	Rule:  "PB-10",
	Says:  "Under BucketOwnerEnforced the grant of an object's ACL to another account MUST have no effect, until ACLs are back on.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, writer)
		mustUntil(ctx, s, 200, put(b, "k", [2]string{"x-amz-grant-read", `id="` + altID(ctx, s) + `"`}))
		mustUntil(ctx, s, 200, by(AltAccount, b, "k"))
		own(ctx, s, b, enforced)
		s.Expect(until(ctx, s, 403, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "while ACLs are off")
		own(ctx, s, b, writer)
		s.Expect(until(ctx, s, 200, by(AltAccount, b, "k"))).To(HaveStatus(200), "once they are on")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.enforced.takes-over",
	Rule:  "PB-11",
	Says:  "Under BucketOwnerEnforced the bucket's owner MUST own what another account has put there, and the account own it again once ACLs are back on.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := shared(ctx, s, writer)
		s.Expect(s.Send(ctx, theirs(put(b, "k")))).To(HaveStatus(200), "PutObject by the other account")
		s.Expect(s.Send(ctx, by(MainAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "GET by the bucket's owner under ObjectWriter")
		mustUntil(ctx, s, 200, setACL(b, "", canned("private")))
		own(ctx, s, b, enforced)
		s.Expect(until(ctx, s, 200, by(MainAccount, b, "k"))).To(HaveStatus(200), "GET by the bucket's owner while ACLs are off")
		s.Expect(until(ctx, s, 403, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "GET by the account while ACLs are off")
		own(ctx, s, b, writer)
		s.Expect(until(ctx, s, 200, by(AltAccount, b, "k"))).To(HaveStatus(200), "GET by the account once ACLs are on")
		s.Expect(until(ctx, s, 403, by(MainAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "GET by the bucket's owner once ACLs are on")
	},
})
