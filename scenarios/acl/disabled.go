package acl

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Buckets whose ACLs are off: BucketOwnerEnforced, which is what S3 creates
// and what other servers may have to be told.

var disabled = []Feature{ACL, Objects, PublicAccessBlock}

// disable turns the bucket's ACLs off, and waits until that is felt.
func (p *place) disable(ctx context.Context) {
	p.turned = true
	p.s.Must(setOwnership(ctx, p.s, p.bucket, types.ObjectOwnershipBucketOwnerEnforced), "turn ACLs off")
	p.s.Settle(ctx, "ownership reads BucketOwnerEnforced", func() error {
		out, err := p.s.SDK().GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &p.bucket})
		if err == nil && (out.OwnershipControls == nil || len(out.OwnershipControls.Rules) != 1 ||
			out.OwnershipControls.Rules[0].ObjectOwnership != types.ObjectOwnershipBucketOwnerEnforced) {
			err = errors.New("ownership reads otherwise")
		}
		return err
	})
}

// closedBucket is a bucket whose ACLs are off, and nothing else stands in the
// way of one.
func closedBucket(ctx context.Context, s *S) *place {
	p := at(ctx, s, s.Bucket(ctx))
	unblock(ctx, s, p.bucket)
	p.disable(ctx)
	return p
}

// reopen turns the bucket's ACLs on again, as a precondition.
func (p *place) reopen(ctx context.Context) {
	p.s.Must(setOwnership(ctx, p.s, p.bucket, types.ObjectOwnershipObjectWriter), "turn ACLs on again")
}

func init() {
	for _, w := range writers {
		Add(Scenario{
			ID:    "acl.disabled.canned." + w.id,
			Rule:  "AC-02",
			Says:  "Where ACLs are off, " + w.name + " with any canned ACL but the bucket owner's MUST fail with 400 AccessControlListNotSupported, and leave nothing.",
			Ref:   guideDisabled,
			Level: Must,
			Needs: w.needs(PublicAccessBlock),
			Check: func(ctx context.Context, s *S) {
				p := closedBucket(ctx, s)
				w.ready(ctx, p, "k")
				for _, name := range []string{"private", "public-read", "public-read-write", "authenticated-read", "bucket-owner-read"} {
					s.Expect(w.write(ctx, p, "k", Header("x-amz-acl", name))).To(FailWith(400, "AccessControlListNotSupported"), name)
				}
				w.expectRefused(ctx, p, "k")
			},
		})
		Add(Scenario{
			ID:    "acl.disabled.header." + w.id,
			Rule:  "AC-02",
			Says:  "Where ACLs are off, " + w.name + " with an x-amz-grant header for others MUST fail with 400 AccessControlListNotSupported, and leave nothing.",
			Ref:   guideOwnership,
			Level: Must,
			Needs: w.needs(PublicAccessBlock),
			Check: func(ctx context.Context, s *S) {
				p := closedBucket(ctx, s)
				w.ready(ctx, p, "k")
				for _, h := range grantHeaders[:4] {
					s.Expect(w.write(ctx, p, "k", Header(h.name, p.grantee(authenticated)))).To(FailWith(400, "AccessControlListNotSupported"), h.name)
				}
				w.expectRefused(ctx, p, "k")
			},
		})
		if w.made {
			continue
		}
		Add(Scenario{
			ID:    "acl.disabled.accepted." + w.id,
			Rule:  "AC-02",
			Says:  "Where ACLs are off, " + w.name + " MUST be accepted without an ACL, and with bucket-owner-full-control.",
			Ref:   guideOwnership,
			SDK:   "s3@v1.114.8 PutObjectInput.ACL",
			Level: Must,
			Needs: w.needs(PublicAccessBlock),
			Check: func(ctx context.Context, s *S) {
				p := closedBucket(ctx, s)
				s.Expect(w.write(ctx, p, "plain")).To(OK(), "without an ACL")
				s.Expect(w.write(ctx, p, "k", Header("x-amz-acl", "bucket-owner-full-control"))).To(OK(), "with bucket-owner-full-control")
				p.expectACL(ctx, "plain", ownerFull)
				p.expectACL(ctx, "k", ownerFull)
			},
		})
	}
	for _, t := range targets {
		Add(Scenario{
			ID:    "acl.disabled.body." + t.id,
			Rule:  "AC-02",
			Says:  "Where ACLs are off, " + t.op + " of a document that grants to others MUST fail with 400 AccessControlListNotSupported, and the ACL still be read.",
			Ref:   guideDisabled,
			SDK:   "s3@v1.114.8 Client." + t.op,
			Level: Must,
			Needs: disabled,
			Check: func(ctx context.Context, s *S) {
				p := closedBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				for _, to := range []string{allUsers, authenticated, logDelivery} {
					s.Expect(p.put(ctx, t.key, ownerFull, grant{read, to})).To(FailWith(400, "AccessControlListNotSupported"), to)
				}
				p.expectACL(ctx, t.key, ownerFull)
			},
		})
		Add(Scenario{
			ID:    "acl.disabled.same." + t.id,
			Rule:  "AC-02",
			Says:  "Where ACLs are off, " + t.op + " of a document that grants FULL_CONTROL to the bucket's owner alone SHOULD be accepted.",
			Ref:   guideOwnership, // which accepts it; the page of the operation has every request to set an ACL fail
			Level: Should,
			Needs: disabled,
			Check: func(ctx context.Context, s *S) {
				p := closedBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				s.Expect(p.put(ctx, t.key, ownerFull)).To(OK())
				p.expectACL(ctx, t.key, ownerFull)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "acl.disabled.canned.put-bucket-acl",
	Rule:  "AC-02",
	Says:  "Where ACLs are off, PutBucketAcl with a canned ACL or an x-amz-grant header for others MUST fail with 400 AccessControlListNotSupported.",
	Ref:   apiPutBucket,
	SDK:   "s3@v1.114.8 Client.PutBucketAcl",
	Level: Must,
	Needs: []Feature{ACL, PublicAccessBlock},
	Check: func(ctx context.Context, s *S) {
		p := closedBucket(ctx, s)
		for _, name := range []string{"private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write"} {
			s.Expect(p.cannedBucket(ctx, name)).To(FailWith(400, "AccessControlListNotSupported"), name)
		}
		_, err := s.SDK().PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &p.bucket, GrantRead: aws.String(p.grantee(logDelivery))})
		s.Expect(err).To(FailWith(400, "AccessControlListNotSupported"), "x-amz-grant-read")
		p.expectACL(ctx, "", ownerFull)
	},
})

var _ = Add(Scenario{
	ID:    "acl.disabled.suspends",
	Rule:  "AC-02",
	Says:  "An object's ACL MUST open nothing while ACLs are off, read as the owner's alone, and be as before when they are on again.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: disabled,
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "public-read"))
		r := Request{Bucket: p.bucket, Key: "k", As: Anonymous}
		p.must(p.retried(ctx, r), "read without credentials")
		p.disable(ctx)
		s.Expect(p.refusedAtLast(ctx, r)).To(FailWith(403, "AccessDenied"), "GET without credentials while ACLs are off")
		p.expectACL(ctx, "k", ownerFull)
		p.reopen(ctx)
		s.Expect(p.retried(ctx, r)).To(OK(), "GET without credentials when they are on again")
		p.expectACL(ctx, "k", ownerFull, grant{read, allUsers})
	},
})

var _ = Add(Scenario{
	ID:    "acl.disabled.owns",
	Rule:  "AC-02",
	Says:  "While ACLs are off, the bucket's owner MUST own and read the objects that other accounts put, and those accounts own them when they are on again.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: append([]Feature{PublicAccessBlock}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v")
		p.grant(ctx, "") // ACLs cannot be turned off while the bucket's opens it to others
		p.disable(ctx)
		own := Request{Bucket: p.bucket, Key: "n"}
		r := p.retried(ctx, own)
		s.Expect(r).To(OK(), "GET by the bucket's owner while ACLs are off")
		s.Expect(string(r.Body)).To(Equal("v"))
		p.expectACL(ctx, "n", ownerFull)
		own.As = AltAccount
		s.Expect(p.refusedAtLast(ctx, own)).To(FailWith(403, "AccessDenied"), "GET by the writer while ACLs are off")
		p.reopen(ctx)
		s.Expect(p.guest(ctx, own)).To(OK(), "GET by the writer when they are on again")
		_, grants := p.guestACL(ctx, "n")
		s.Expect(grants).To(Equal(listOf(grant{full, other})), "grants when they are on again")
	},
})
