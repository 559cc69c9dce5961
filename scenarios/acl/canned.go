package acl

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// A canned ACL stands for grants.
type canned struct {
	name   string
	grants []grant
	// ownerMay is a grant to the owner that may stand there or not: the owner
	// of bucket and object are one, or the page does not name the owner.
	ownerMay string
}

// lists are the ACLs that the canned one may read as.
func (c canned) lists() []list {
	out := []list{listOf(c.grants...)}
	if c.ownerMay != "" {
		out = append(out, listOf(append([]grant{{c.ownerMay, owner}}, c.grants...)...))
	}
	return out
}

var (
	ownersAlone = canned{"private", []grant{ownerFull}, ""}
	cannedBoth  = []canned{
		ownersAlone,
		{"public-read", []grant{ownerFull, {read, allUsers}}, ""},
		{"public-read-write", []grant{ownerFull, {read, allUsers}, {write, allUsers}}, ""},
		{"authenticated-read", []grant{ownerFull, {read, authenticated}}, ""},
	}
	cannedObject = []canned{
		{"bucket-owner-read", []grant{ownerFull}, read},
		{"bucket-owner-full-control", []grant{ownerFull}, ""},
	}
	cannedBucket = []canned{
		{"log-delivery-write", []grant{{write, logDelivery}, {readACP, logDelivery}}, full},
	}
)

func init() {
	for _, c := range append(cannedBoth, cannedBucket...) {
		Add(Scenario{
			ID:    "acl.canned.put-bucket-acl." + c.name,
			Rule:  "AC-03",
			Says:  "PutBucketAcl with x-amz-acl " + c.name + " MUST set its documented grants in place of what the ACL held: " + strings.Join(listOf(c.grants...), ", ") + ".",
			Ref:   guideCanned,
			Level: Must,
			Needs: []Feature{ACL},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				p.grant(ctx, "", grant{readACP, authenticated})
				s.Expect(p.cannedBucket(ctx, c.name)).To(OK())
				p.expectEither(ctx, "", c.lists()...)
			},
		})
	}
	for _, w := range writers {
		for _, c := range append(cannedBoth, cannedObject...) {
			Add(Scenario{
				ID:    "acl.canned." + w.id + "." + c.name,
				Rule:  "AC-03",
				Says:  w.name + " with x-amz-acl " + c.name + " MUST give the object its documented grants: " + strings.Join(listOf(c.grants...), ", ") + ".",
				Ref:   guideCanned,
				Level: Must,
				Needs: w.needs(),
				Check: func(ctx context.Context, s *S) {
					p := aclBucket(ctx, s)
					w.ready(ctx, p, "k")
					s.Expect(w.write(ctx, p, "k", Header("x-amz-acl", c.name))).To(OK())
					p.expectEither(ctx, "k", c.lists()...)
					s.ExpectBody(ctx, p.bucket, "k", "v")
				},
			})
		}
		Add(Scenario{
			ID:    "acl.unknown-canned." + w.id,
			Rule:  "AC-04",
			Says:  w.name + " with an x-amz-acl that is no canned ACL MUST fail with 400 InvalidArgument, and leave nothing.",
			Ref:   apiErrors,
			Level: Must,
			Needs: w.needs(),
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				w.ready(ctx, p, "k")
				for _, name := range []string{"public", "PUBLIC-READ", "public-read,private"} {
					s.Expect(w.write(ctx, p, "k", Header("x-amz-acl", name))).To(FailWith(400, "InvalidArgument"), name)
				}
				w.expectRefused(ctx, p, "k")
			},
		})
	}
}

// cannedBucket sets the bucket's ACL to a canned one.
func (p *place) cannedBucket(ctx context.Context, name string, opts ...Opt) error {
	_, err := p.s.SDK().PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &p.bucket}, append(opts, Header("x-amz-acl", name))...)
	return err
}

var _ = Add(Scenario{
	ID:    "acl.canned.aws-exec-read",
	Rule:  "AC-03",
	Says:  "An object put with x-amz-acl aws-exec-read MUST have FULL_CONTROL granted to its owner, and opens it to neither group.",
	Ref:   guideCanned,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		_, err := s.Put(ctx, p.bucket, "k", "v", Header("x-amz-acl", "aws-exec-read"))
		s.Expect(err).To(OK())
		got, err := p.acl(ctx, "k")
		s.Expect(err).To(OK(), "GetObjectAcl")
		s.Observe("aws-exec-read", got) // EC2's canonical id, where there is one
		s.Expect(got).To(ContainElement(ownerFull.String()))
		s.Expect(got).NotTo(ContainElement(BeElementOf(grant{read, allUsers}.String(), grant{read, authenticated}.String())))
	},
})

var _ = Add(Scenario{
	ID:    "acl.canned.replaces",
	Rule:  "AC-03",
	Says:  "PutObjectAcl with x-amz-acl MUST replace the grants that the object had, and leave its body and metadata.",
	Ref:   apiPutObject,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		put := s.MustPut(ctx, p.bucket, "k", "v", Meta("color", "red"), Header("x-amz-acl", "public-read"))
		_, err := s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: aws.String("k"), ACL: types.ObjectCannedACLAuthenticatedRead})
		s.Expect(err).To(OK())
		p.expectACL(ctx, "k", ownerFull, grant{read, authenticated})
		got, err := s.Get(ctx, p.bucket, "k")
		s.Expect(err).To(OK(), "GET")
		s.Expect(string(got.Bytes)).To(Equal("v"), "body")
		s.Expect(got.Metadata).To(HaveKeyWithValue("color", "red"))
		s.Expect(got.ETag).To(Equal(put.ETag), "ETag")
	},
})

var _ = Add(Scenario{
	ID:    "acl.unknown-canned.put-bucket-acl",
	Rule:  "AC-04",
	Says:  "PutBucketAcl with an x-amz-acl that is no canned ACL MUST fail with 400 InvalidArgument, and leave the ACL.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		p.grant(ctx, "", grant{readACP, authenticated})
		for _, name := range []string{"public", "PUBLIC-READ", "public-read,private"} {
			s.Expect(p.cannedBucket(ctx, name)).To(FailWith(400, "InvalidArgument"), name)
		}
		p.expectACL(ctx, "", ownerFull, grant{readACP, authenticated})
	},
})

var _ = Add(Scenario{
	ID:    "acl.unknown-canned.create-bucket",
	Rule:  "AC-04",
	Says:  "CreateBucket with an x-amz-acl that is no canned ACL MUST fail with 400 InvalidArgument, and create no bucket.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{ACL, Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.AbsentBucket()
		_, err := s.SDK().CreateBucket(ctx, newBucket(s, b), Header("x-amz-acl", "public"))
		s.Expect(err).To(FailWith(400, "InvalidArgument"))
		_, err = s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
		s.Expect(err).To(FailWith(404), "HEAD of a bucket whose creation was refused")
	},
})

// newBucket asks for a bucket in the target's region.
func newBucket(s *S, name string) *s3.CreateBucketInput {
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.Target().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	return in
}

func init() {
	for _, name := range []string{"private", "bucket-owner-read", "bucket-owner-full-control"} {
		Add(Scenario{
			ID:    "acl.canned.create-bucket." + name,
			Rule:  "AC-03",
			Says:  "CreateBucket with x-amz-acl " + name + " MUST create a bucket with one grant of FULL_CONTROL to its owner.",
			Ref:   guideCanned, // which says that bucket-owner-* is ignored when a bucket is created
			Level: Must,
			Needs: []Feature{ACL, Buckets},
			Check: func(ctx context.Context, s *S) {
				p := at(ctx, s, s.NewName())
				_, err := s.SDK().CreateBucket(ctx, newBucket(s, p.bucket), Header("x-amz-acl", name))
				s.Expect(err).To(OK())
				p.expectACL(ctx, "", ownerFull)
			},
		})
	}
}
