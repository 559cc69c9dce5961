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

var _ = Add(Scenario{
	ID:    "version.get.other-key",
	Rule:  "V-04",
	Says:  "The id of another key's version MUST open nothing: reads of it fail, and its deletion leaves the version where it is.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		other := put(ctx, s, b, "other", "of the other key")
		put(ctx, s, b, "k", "v")
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Query: "versionId=" + escape(other)})
			s.Expect(r).To(FailWithAny(Answer{Status: 404}, Answer{Status: 400}), method)
		}
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k", Query: "versionId=" + escape(other)})
		s.Observe("DELETE", Outcome(r))
		got, err := s.Get(ctx, b, "other", Version(other))
		s.Expect(err).To(OK(), "GET of the version under its own key")
		s.Expect(string(got.Bytes)).To(Equal("of the other key"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "version.tags.no-version",
	Rule:  "V-21",
	Says:  "PutObjectTagging and DeleteObjectTagging MUST NOT make a version: they change the tags of one that is there.",
	Ref:   api + "API_PutObjectTagging.html",
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "one")
		put(ctx, s, b, "k", "two")
		before, _ := list(ctx, s, b)
		_, err := s.SDK().PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &b, Key: aws.String("k"),
			Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
		s.Expect(err).To(OK(), "PutObjectTagging")
		after, _ := list(ctx, s, b)
		s.Expect(after).To(Equal(before), "versions after PutObjectTagging")
		_, err = s.SDK().DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &b, Key: aws.String("k")})
		s.Expect(err).To(OK(), "DeleteObjectTagging")
		after, _ = list(ctx, s, b)
		s.Expect(after).To(Equal(before), "versions after DeleteObjectTagging")
	},
})

var _ = Add(Scenario{
	ID:    "version.put.folder",
	Rule:  "V-02",
	Says:  "A key that ends in a slash MUST have versions and delete markers as every other key.",
	Ref:   guide + "object-keys.html#object-key-choose",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "folder/in", "below")
		first, second := s.MustPut(ctx, b, "folder/", "one"), s.MustPut(ctx, b, "folder/", "two")
		one, two := aws.ToString(first.VersionId), aws.ToString(second.VersionId)
		s.Expect(one).NotTo(BeEmpty(), "x-amz-version-id of the first version")
		marker := mark(ctx, s, b, "folder/")
		all, _ := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) { in.Prefix = aws.String("folder/") })
		s.Expect(all).To(ContainElements(entry{"folder/", two, false, false}, entry{"folder/", one, false, false}, entry{"folder/", marker, true, true}))
		got, err := s.Get(ctx, b, "folder/", Version(one))
		s.Expect(err).To(OK(), "GET of the first version")
		s.Expect(string(got.Bytes)).To(Equal("one"))
		s.ExpectBody(ctx, b, "folder/in", "below")
	},
})
