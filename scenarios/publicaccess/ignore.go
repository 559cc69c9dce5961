package publicaccess

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// IgnorePublicAcls lets public ACLs be written, keeps them, and lets nobody in
// by them.

const sdkIgnore = "s3@v1.114.8 types.PublicAccessBlockConfiguration.IgnorePublicAcls"

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.object",
	Rule:  "PB-05",
	Says:  "IgnorePublicAcls MUST take effect on the public ACL of an object that stands already, and no longer once it is off.",
	Ref:   guideDenied,
	SDK:   sdkIgnore,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		block(ctx, s, b, ignoreAcls)
		s.Expect(until(ctx, s, 403, by(Anonymous, b, "k"))).To(FailWith(403, "AccessDenied"), "GET while it is on")
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", As: Anonymous})).To(FailWith(403), "HEAD while it is on")
		s.ExpectBody(ctx, b, "k", "v")
		block(ctx, s, b)
		s.Expect(until(ctx, s, 200, by(Anonymous, b, "k"))).To(HaveStatus(200), "GET once it is off")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.bucket",
	Rule:  "PB-05",
	Says:  "IgnorePublicAcls MUST take effect on the public ACL of a bucket, for reading and for writing, and no longer once it is off.",
	Ref:   guideDenied,
	SDK:   sdkIgnore,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, setACL(b, "", canned("public-read-write")))
		mustUntil(ctx, s, 200, by(Anonymous, b, ""))
		block(ctx, s, b, ignoreAcls)
		s.Expect(until(ctx, s, 403, by(Anonymous, b, ""))).To(FailWith(403, "AccessDenied"), "ListObjects while it is on")
		r := put(b, "k")
		r.As = Anonymous
		s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "PutObject while it is on")
		s.ExpectAbsent(ctx, b, "k")
		block(ctx, s, b)
		s.Expect(until(ctx, s, 200, by(Anonymous, b, ""))).To(HaveStatus(200), "ListObjects once it is off")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.authenticated",
	Rule:  "PB-05",
	Says:  "IgnorePublicAcls MUST take effect on grants to everybody who has an account, too.",
	Ref:   guidePublic,
	SDK:   sdkIgnore,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", canned("authenticated-read")))
		mustUntil(ctx, s, 200, by(AltAccount, b, "k"))
		block(ctx, s, b, ignoreAcls)
		s.Expect(until(ctx, s, 403, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "while it is on")
		block(ctx, s, b)
		s.Expect(until(ctx, s, 200, by(AltAccount, b, "k"))).To(HaveStatus(200), "once it is off")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.write",
	Rule:  "PB-05",
	Says:  "Under IgnorePublicAcls a public ACL MUST be accepted and kept without effect, so that it takes effect once the setting is off.",
	Ref:   guideSettings,
	SDK:   sdkIgnore,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "old", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "old"))
		block(ctx, s, b, ignoreAcls)
		s.Expect(until(ctx, s, 403, by(Anonymous, b, "old"))).To(FailWith(403, "AccessDenied"), "the ACL that stood already")
		s.Expect(s.Send(ctx, put(b, "put", canned("public-read")))).To(HaveStatus(200), "PutObject")
		s.MustPut(ctx, b, "set", "v")
		s.Expect(s.Send(ctx, setACL(b, "set", canned("public-read")))).To(HaveStatus(200), "PutObjectAcl")
		for _, key := range []string{"put", "set"} {
			s.Expect(s.Send(ctx, by(Anonymous, b, key))).To(FailWith(403, "AccessDenied"), "%s while it is on", key)
		}
		block(ctx, s, b)
		for _, key := range []string{"put", "set"} {
			s.Expect(until(ctx, s, 200, by(Anonymous, b, key))).To(HaveStatus(200), "%s once it is off", key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.shown",
	Rule:  "PB-05",
	Says:  "Under IgnorePublicAcls GetBucketAcl and GetObjectAcl MUST show the permissions in effect, without the public grants, which show again once it is off.",
	Ref:   guideSettings,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", canned("public-read")))
		mustUntil(ctx, s, 200, setACL(b, "", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		mustUntil(ctx, s, 200, by(Anonymous, b, ""))
		for _, step := range []struct {
			on     []string
			public int
		}{{nil, 1}, {[]string{ignoreAcls}, 0}, {nil, 1}} {
			block(ctx, s, b, step.on...)
			for _, key := range []string{"k", ""} {
				s.Expect(Settled(ctx, s, "the ACL shows what is in effect", func() error {
					all, err := grants(ctx, s, b, key)
					if got := toPublic(all); err == nil && got != step.public {
						err = fmt.Errorf("public grants of %q under %v: got %d, want %d", key, step.on, got, step.public)
					}
					return err
				})).To(OK())
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ignore.mixed",
	Rule:  "PB-05",
	Says:  "Whether IgnorePublicAcls takes the grant to one account along with the public grant beside it MAY differ: it is recorded.",
	Ref:   guideSettings,
	Level: Info,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", [2]string{"x-amz-grant-read", `uri="` + allUsers + `", id="` + altID(ctx, s) + `"`}))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		block(ctx, s, b, ignoreAcls)
		s.Expect(until(ctx, s, 403, by(Anonymous, b, "k")).Status).To(Equal(403), "a GET by nobody")
		s.Observe("a GET by the account that a grant beside names", Outcome(s.Send(ctx, by(AltAccount, b, "k"))))
	},
})
