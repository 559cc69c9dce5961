package version

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "version.delete.marker",
	Rule:  "V-06",
	Says:  "DeleteObject without versionId MUST answer 204 with x-amz-delete-marker: true and the marker's id, and keep every version.",
	Ref:   guideMarkers,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		v := put(ctx, s, b, "k", "v")
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(204))
		s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"))
		m := r.Header.Get("x-amz-version-id")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(ConsistOf(entry{"k", v, false, false}, entry{"k", m, true, true}))
		old, err := s.Get(ctx, b, "k", Version(v))
		s.Expect(err).To(OK(), "GET of the version below the marker")
		s.Expect(string(old.Bytes)).To(Equal("v"))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.by-id",
	Rule:  "V-09",
	Says:  "DeleteObject with versionId MUST permanently remove exactly that version.",
	Ref:   guideDeleting,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two")
		out, err := s.Delete(ctx, b, "k", Version(one))
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.VersionId)).To(Equal(one), "x-amz-version-id")
		s.Expect(aws.ToBool(out.DeleteMarker)).To(BeFalse(), "x-amz-delete-marker")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", two, false, true}}))
		s.ExpectBody(ctx, b, "k", "two")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.undelete",
	Rule:  "V-09",
	Says:  "DeleteObject of a delete marker by its id MUST answer x-amz-delete-marker: true and bring the object back.",
	Ref:   guide + "RemDelMarker.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		m := mark(ctx, s, b, "k")
		out, err := s.Delete(ctx, b, "k", Version(m))
		s.Expect(err).To(OK())
		s.Expect(aws.ToBool(out.DeleteMarker)).To(BeTrue(), "x-amz-delete-marker")
		s.Expect(aws.ToString(out.VersionId)).To(Equal(m), "x-amz-version-id")
		s.ExpectBody(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.absent-id",
	Rule:  "V-10",
	Says:  "DeleteObject of a version that no longer exists SHOULD answer 204.",
	Ref:   api + "API_DeleteObject.html",
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two")
		for range 2 {
			_, err := s.Delete(ctx, b, "k", Version(one))
			s.Expect(err).To(OK())
		}
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(Equal([]string{two}))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.marker-on-marker",
	Rule:  "V-11",
	Says:  "DeleteObject of a key whose current version is a delete marker MUST add another marker.",
	Ref:   guide + "ManagingDelMarkers.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		first, second := mark(ctx, s, b, "k"), mark(ctx, s, b, "k")
		s.Expect(second).NotTo(Equal(first))
		_, out := list(ctx, s, b)
		s.Expect(out.DeleteMarkers).To(HaveLen(2))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.promotes",
	Rule:  "V-22",
	Says:  "Removing the current version MUST make the newest remaining one current.",
	Ref:   guideDeleting,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two, three := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two"), put(ctx, s, b, "k", "three")
		_, err := s.Delete(ctx, b, "k", Version(three))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "k", "two")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", two, false, true}, {"k", one, false, false}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete-objects.mixed",
	Rule:  "V-18",
	Says:  "DeleteObjects MUST report markers it makes with DeleteMarker and DeleteMarkerVersionId, and versions it removes with VersionId.",
	Ref:   api + "API_DeletedObject.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		v1 := put(ctx, s, b, "removed", "v")
		put(ctx, s, b, "marked", "v")
		put(ctx, s, b, "undeleted", "v")
		m := mark(ctx, s, b, "undeleted")
		out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("removed"), VersionId: &v1}, {Key: aws.String("marked")}, {Key: aws.String("undeleted"), VersionId: &m}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Deleted).To(HaveLen(3), "errors: %v", out.Errors)
		for _, d := range out.Deleted {
			expectDeleted(s, d, map[string]string{"removed": v1, "undeleted": m})
		}
		s.ExpectBody(ctx, b, "undeleted", "v")
	},
})

// expectDeleted judges one row of a DeleteObjects answer; asked holds the
// version ids that the request named.
func expectDeleted(s *S, d types.DeletedObject, asked map[string]string) {
	key := aws.ToString(d.Key)
	s.Expect(aws.ToString(d.VersionId)).To(Equal(asked[key]), "VersionId of %s", key)
	switch key {
	case "removed":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeFalse(), "DeleteMarker of %s", key)
	case "undeleted":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeTrue(), "DeleteMarker of %s", key)
		s.Expect(aws.ToString(d.DeleteMarkerVersionId)).To(Equal(asked[key]), "DeleteMarkerVersionId of %s", key)
	case "marked":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeTrue(), "DeleteMarker of %s", key)
		s.Expect(aws.ToString(d.DeleteMarkerVersionId)).NotTo(BeEmpty(), "DeleteMarkerVersionId of %s", key)
	}
}

var _ = Add(Scenario{
	ID:    "version.tags.per-version",
	Rule:  "V-21",
	Says:  "Tags MUST belong to the version they were set on.",
	Ref:   guide + "object-tagging.html",
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
	Says:  "Tagging a delete marker MUST fail with 405 MethodNotAllowed.",
	Ref:   guide + "tagging-managing.html",
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		m := mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging=&versionId=" + escape(m)})
		s.Expect(r).To(FailWith(405, "MethodNotAllowed"))
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
