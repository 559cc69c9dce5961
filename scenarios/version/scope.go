package version

// What belongs to one version of an object.

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "version.tags.per-version",
	Rule:  "V-21",
	Says:  "Tags MUST belong to the version they were set on.",
	Ref:   api + "API_PutObjectTagging.html",
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := put(ctx, s, b, "k", "one")
		put(ctx, s, b, "k", "two")
		_, err := s.SDK().PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &b, Key: aws.String("k"), VersionId: &one,
			Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
		s.Expect(err).To(OK(), "tag the older version")
		tags := func(opts ...Opt) []types.Tag {
			out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: aws.String("k")}, opts...)
			s.Expect(err).To(OK(), "GetObjectTagging")
			return out.TagSet
		}
		s.Expect(tags(Version(one))).To(HaveLen(1), "tags of the older version")
		s.Expect(tags()).To(BeEmpty(), "tags of the current version")
	},
})

var _ = Add(Scenario{
	ID:    "version.tags.on-marker",
	Rule:  "V-21",
	Says:  "GetObjectTagging and PutObjectTagging of a delete marker by its id SHOULD fail with 405 MethodNotAllowed.",
	Ref:   guideMarkers, // which has it of GetObject and HeadObject, and of tags nothing
	Level: Should,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		m := mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging=&versionId=" + escape(m)})
		s.Expect(r).To(FailWith(405, "MethodNotAllowed"), "GetObjectTagging")
		_, err := s.SDK().PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &b, Key: aws.String("k"), VersionId: &m,
			Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
		s.Expect(err).To(FailWith(405, "MethodNotAllowed"), "PutObjectTagging")
	},
})

var _ = Add(Scenario{
	ID:    "version.attributes.per-version",
	Rule:  "V-21",
	Says:  "GetObjectAttributes with versionId MUST describe that version.",
	Ref:   api + "API_GetObjectAttributes.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := put(ctx, s, b, "k", "one")
		put(ctx, s, b, "k", "longer")
		out, err := s.SDK().GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b, Key: aws.String("k"), VersionId: &one,
			ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectSize}})
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(out.ObjectSize)).To(Equal(int64(3)))
		s.Expect(aws.ToString(out.VersionId)).To(Equal(one))
	},
})
