package acl

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "acl.default.bucket",
	Rule:  "AC-01",
	Says:  "A new bucket's ACL MUST be one grant of FULL_CONTROL to its owner, whose canonical id stands in Owner too, whether ACLs count or not.",
	Ref:   guideACL,
	SDK:   "s3@v1.114.8 GetBucketAclOutput.Owner",
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := at(ctx, s, s.Bucket(ctx))
		out, err := s.SDK().GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &p.bucket})
		s.Expect(err).To(OK())
		p.expectDefault(out.Owner, out.Grants)
	},
})

var _ = Add(Scenario{
	ID:    "acl.default.object",
	Rule:  "AC-01",
	Says:  "A new object's ACL MUST be one grant of FULL_CONTROL to its owner, whose canonical id stands in Owner too, whether ACLs count or not.",
	Ref:   guideACL,
	SDK:   "s3@v1.114.8 GetObjectAclOutput.Owner",
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := at(ctx, s, s.Bucket(ctx))
		s.MustPut(ctx, p.bucket, "k", "v")
		out, err := s.SDK().GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &p.bucket, Key: aws.String("k")})
		s.Expect(err).To(OK())
		p.expectDefault(out.Owner, out.Grants)
	},
})

var _ = Add(Scenario{
	ID:    "acl.default.allowed",
	Rule:  "AC-01",
	Says:  "Where ACLs count, new buckets, objects, copies and objects made of parts MUST have one grant of FULL_CONTROL to their owner.",
	Ref:   guideACL,
	Level: Must,
	Needs: []Feature{ACL, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v")
		p.expectACL(ctx, "", ownerFull)
		p.expectACL(ctx, "k", ownerFull)
		for _, w := range writers {
			if w.made {
				continue
			}
			s.Must(w.write(ctx, p, w.name), w.name)
			p.expectACL(ctx, w.name, ownerFull)
		}
	},
})

var _ = Add(Scenario{
	ID:    "acl.default.missing-key",
	Rule:  "AC-01",
	Says:  "GetObjectAcl and PutObjectAcl of a key that does not exist MUST fail with 404 NoSuchKey, and create nothing.",
	Ref:   apiPutObject + "#API_PutObjectAcl_Errors",
	SDK:   "s3@v1.114.8 types.NoSuchKey",
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		_, err := p.acl(ctx, "absent")
		s.Expect(err).To(FailWith(404, "NoSuchKey"), "GetObjectAcl")
		s.Expect(p.put(ctx, "absent", ownerFull)).To(FailWith(404, "NoSuchKey"), "PutObjectAcl")
		s.ExpectAbsent(ctx, p.bucket, "absent")
	},
})

// expectDefault demands that the ACL is the owner's alone.
func (p *place) expectDefault(o *types.Owner, grants []types.Grant) {
	p.s.Expect(o).NotTo(BeNil(), "Owner")
	p.s.Expect(aws.ToString(o.ID)).To(Equal(p.ids[owner]), "ID of Owner")
	p.s.Expect(grants).To(HaveLen(1), "grants")
	p.s.Expect(p.named(grants)).To(Equal(listOf(ownerFull)), "grants")
}
