package publicaccess

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

// What a bucket has that was made without asking for anything, since April
// 2023.

const guideDefaults = guide + "create-bucket-faq.html"

var _ = Add(Scenario{
	ID:    "publicaccess.default.block",
	Rule:  "PB-02",
	Says:  "A new bucket MUST have all four settings of the public access block on.",
	Ref:   guideDefaults,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		s.Expect(awaitBlock(ctx, s, s.Bucket(ctx))).To(OK())
	},
})

// awaitBlock waits until the block of a new bucket reads as all on, and says
// what it read last.
func awaitBlock(ctx context.Context, s *S, bucket string) error {
	return Settled(ctx, s, "the block of the new bucket is on", func() error {
		return reads(ctx, s, bucket, configuration(switches))
	})
}

var _ = Add(Scenario{
	ID:    "publicaccess.default.ownership",
	Rule:  "PB-07",
	Says:  "A new bucket MUST have BucketOwnerEnforced as its ownership.",
	Ref:   guideDefaults,
	SDK:   "s3@v1.114.8 CreateBucketInput.ObjectOwnership",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(Settled(ctx, s, "the ownership of the new bucket reads", func() error {
			return ownedBy(ctx, s, b, types.ObjectOwnershipBucketOwnerEnforced)
		})).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.default.public-acl",
	Rule:  "PB-02",
	Says:  "A new bucket whose ACLs are on MUST refuse a public ACL with 403 AccessDenied until its block is lifted.",
	Ref:   guideDefaults,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, owned(types.ObjectOwnershipObjectWriter))
		_ = awaitBlock(ctx, s, b) // another scenario judges that
		s.Expect(s.Send(ctx, put(b, "k", canned("public-read")))).To(FailWith(403, "AccessDenied"), "PutObject")
		s.Expect(s.Send(ctx, setACL(b, "", canned("public-read")))).To(FailWith(403, "AccessDenied"), "PutBucketAcl")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.default.public-policy",
	Rule:  "PB-02",
	Says:  "A new bucket MUST refuse a public policy with 403 AccessDenied until its block is lifted.",
	Ref:   guideDefaults,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, Policy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_ = awaitBlock(ctx, s, b) // another scenario judges that
		s.Expect(s.Send(ctx, putPolicy(b, everybody(b)))).To(FailWith(403, "AccessDenied"))
		s.Expect(s.Send(ctx, Request{Method: "GET", Bucket: b, Query: "policy="})).To(FailWith(404, "NoSuchBucketPolicy"), "the policy after the refusal")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.default.create-public",
	Rule:  "PB-02",
	Says:  "CreateBucket with a public ACL MUST fail though the request turns ACLs on, since public access to a new bucket is blocked.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 Client.CreateBucket",
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL},
	Check: func(ctx context.Context, s *S) {
		for _, acl := range []string{"public-read", "public-read-write", "authenticated-read"} {
			b := s.AbsentBucket()
			_, err := create(ctx, s, b, types.ObjectOwnershipObjectWriter, Header("x-amz-acl", acl))
			s.Expect(err).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}), acl)
			expectNoBucket(ctx, s, b)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.default.create-acl",
	Rule:  "PB-09",
	Says:  "CreateBucket with an ACL for others that does not ask for an ownership MUST fail with 400 InvalidBucketAclWithObjectOwnership and create nothing, since BucketOwnerEnforced is the default.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 Client.CreateBucket",
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL},
	Check: func(ctx context.Context, s *S) {
		for _, acl := range foreign {
			b := s.AbsentBucket()
			_, err := create(ctx, s, b, "", Header(acl.header[0], acl.header[1]))
			s.Expect(err).To(FailWith(400, "InvalidBucketAclWithObjectOwnership"), acl.name)
			expectNoBucket(ctx, s, b)
		}
	},
})

// create makes a bucket; ownership "" asks for none.
func create(ctx context.Context, s *S, bucket string, o types.ObjectOwnership, opts ...Opt) (*s3.CreateBucketOutput, error) {
	in := &s3.CreateBucketInput{Bucket: &bucket, ObjectOwnership: o}
	if r := s.Target().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	return s.SDK().CreateBucket(ctx, in, opts...)
}

// expectNoBucket is invariant I0 for a creation that was refused.
func expectNoBucket(ctx context.Context, s *S, bucket string) {
	_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	s.Expect(err).To(FailWith(404), "I0: HEAD of a bucket whose creation was refused")
}
