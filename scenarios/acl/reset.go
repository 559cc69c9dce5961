package acl

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// An ACL belongs to one object, or one version of it: what replaces the object
// starts anew.

func init() {
	for _, w := range writers {
		if w.made {
			continue
		}
		Add(Scenario{
			ID:    "acl.reset." + w.id,
			Rule:  "AC-09",
			Says:  "An object that " + w.name + " puts in place of another MUST have the default ACL, not that of the one it replaces.",
			Ref:   guideACL,
			Level: Must,
			Needs: w.needs(),
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "old", Header("x-amz-acl", "public-read"))
				p.expectACL(ctx, "k", ownerFull, grant{read, allUsers})
				s.Expect(w.write(ctx, p, "k")).To(OK())
				p.expectACL(ctx, "k", ownerFull)
				s.Expect(p.refusedAtLast(ctx, Request{Bucket: p.bucket, Key: "k", As: Anonymous})).To(FailWith(403, "AccessDenied"), "GET without credentials")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "acl.reset.copy-on-itself",
	Rule:  "AC-09",
	Says:  "A public object that is copied on itself with new metadata MUST have the default ACL afterwards.",
	Ref:   api + "API_CopyObject.html#AmazonS3-CopyObject-request-header-ACL",
	SDK:   "s3@v1.114.8 CopyObjectInput.ACL",
	Level: Must,
	Needs: []Feature{ACL, Objects, Copy},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "public-read"))
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &p.bucket, Key: aws.String("k"), CopySource: aws.String(p.bucket + "/k"),
			MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"color": "red"}})
		s.Expect(err).To(OK())
		p.expectACL(ctx, "k", ownerFull)
	},
})

var _ = Add(Scenario{
	ID:    "acl.reset.deleted",
	Rule:  "AC-09",
	Says:  "An object that is put after another of its key was deleted MUST have the default ACL.",
	Ref:   guideACL,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "public-read"))
		_, err := s.Delete(ctx, p.bucket, "k")
		s.Must(err, "delete")
		s.MustPut(ctx, p.bucket, "k", "v")
		p.expectACL(ctx, "k", ownerFull)
	},
})

var _ = Add(Scenario{
	ID:    "acl.reset.not-inherited",
	Rule:  "AC-09",
	Says:  "An object put into a bucket whose ACL opens it to all MUST have the default ACL, and be refused to everybody else.",
	Ref:   guide + "managing-acls.html",
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "before", "v")
		p.grant(ctx, "", grant{read, allUsers}, grant{readACP, allUsers})
		s.MustPut(ctx, p.bucket, "after", "v")
		for _, key := range []string{"before", "after"} {
			p.expectACL(ctx, key, ownerFull)
			s.Expect(s.Send(ctx, Request{Bucket: p.bucket, Key: key, As: Anonymous})).To(FailWith(403, "AccessDenied"), "GET of %s without credentials", key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "acl.reset.version",
	Rule:  "V-21",
	Says:  "An ACL MUST belong to the version that it was set on, and open no other.",
	Ref:   apiPutObject,
	SDK:   "s3@v1.114.8 PutObjectAclInput.VersionId",
	Level: Must,
	Needs: []Feature{ACL, Objects, Versioning},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.SetVersioning(ctx, p.bucket, types.BucketVersioningStatusEnabled)
		one := aws.ToString(s.MustPut(ctx, p.bucket, "k", "one").VersionId)
		two := aws.ToString(s.MustPut(ctx, p.bucket, "k", "two").VersionId)
		_, err := s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: aws.String("k"), VersionId: &one, ACL: types.ObjectCannedACLPublicRead})
		s.Expect(err).To(OK(), "PutObjectAcl of the older version")
		older, err := p.acl(ctx, "k", Version(one))
		s.Expect(err).To(OK(), "GetObjectAcl of the older version")
		s.Expect(older).To(Equal(listOf(ownerFull, grant{read, allUsers})), "ACL of the older version")
		newer, err := p.acl(ctx, "k", Version(two))
		s.Expect(err).To(OK(), "GetObjectAcl of the current version")
		s.Expect(newer).To(Equal(listOf(ownerFull)), "ACL of the current version")
		p.expectACL(ctx, "k", ownerFull)
		r := Request{Bucket: p.bucket, Key: "k", Query: "versionId=" + one, As: Anonymous}
		s.Expect(p.retried(ctx, r)).To(OK(), "GET of the older version without credentials")
		r.Query = ""
		s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "GET of the current version without credentials")
		_, err = p.acl(ctx, "k", Version("00000000000000000000000000000000"))
		s.Expect(err).To(FailWithAny(Answer{Status: 404, Codes: []string{"NoSuchVersion"}}, Answer{Status: 400}), "GetObjectAcl of no version")
	},
})
