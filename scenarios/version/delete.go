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
	Ref:   apiDelete,
	SDK:   "s3@v1.114.8 DeleteObjectOutput.DeleteMarker",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		v := put(ctx, s, b, "k", "v")
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(204))
		s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"))
		m := r.Header.Get("x-amz-version-id")
		s.Expect(m).NotTo(BeEmpty(), "x-amz-version-id")
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
		one, two, three := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two"), put(ctx, s, b, "k", "three")
		out, err := s.Delete(ctx, b, "k", Version(two))
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.VersionId)).To(BeElementOf("", two), "x-amz-version-id") // documented for markers alone
		s.Expect(aws.ToBool(out.DeleteMarker)).To(BeFalse(), "x-amz-delete-marker")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", three, false, true}, {"k", one, false, false}}))
		s.ExpectBody(ctx, b, "k", "three")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.undelete",
	Rule:  "V-09",
	Says:  "DeleteObject of a delete marker by its id MUST answer x-amz-delete-marker: true and bring the object back.",
	Ref:   guideManaging,
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
		s.Expect(listed(ctx, s, b)).To(Equal(map[string]int64{"k": 1}), "keys and sizes in a listing")
	},
})

// listed returns the keys of a listing of objects with their sizes.
func listed(ctx context.Context, s *S, bucket string) map[string]int64 {
	out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	s.Expect(err).To(OK(), "ListObjectsV2")
	got := map[string]int64{}
	for _, o := range out.Contents {
		got[aws.ToString(o.Key)] = aws.ToInt64(o.Size)
	}
	return got
}

var _ = Add(Scenario{
	ID:    "version.delete.under-marker",
	Rule:  "V-09",
	Says:  "Removing a version, or an older delete marker, from under the current delete marker MUST leave the key deleted.",
	Ref:   guideManaging,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := put(ctx, s, b, "k", "one")
		older := mark(ctx, s, b, "k")
		two := put(ctx, s, b, "k", "two")
		current := mark(ctx, s, b, "k")
		for _, id := range []string{older, two} {
			_, err := s.Delete(ctx, b, "k", Version(id))
			s.Expect(err).To(OK())
			_, err = s.Get(ctx, b, "k")
			s.Expect(err).To(FailWith(404, "NoSuchKey"), "GET with the marker on top")
		}
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", one, false, false}, {"k", current, true, true}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.uncovers-marker",
	Rule:  "V-22",
	Says:  "Removing the current version MUST leave the key deleted when a delete marker is the newest that remains.",
	Ref:   guide + "RestoringPreviousVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := put(ctx, s, b, "k", "one")
		marker := mark(ctx, s, b, "k")
		two := put(ctx, s, b, "k", "two")
		_, err := s.Delete(ctx, b, "k", Version(two))
		s.Expect(err).To(OK())
		_, err = s.Get(ctx, b, "k")
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", one, false, false}, {"k", marker, true, true}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.null",
	Rule:  "V-09",
	Says:  "DeleteObject with versionId=null MUST permanently remove the null version, be it the current one or not, and no other.",
	Ref:   guideDeleting,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "covered", "before")
		s.MustPut(ctx, b, "current", "before")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		id := put(ctx, s, b, "covered", "after")
		for _, key := range []string{"covered", "current"} {
			out, err := s.Delete(ctx, b, key, Version("null"))
			s.Expect(err).To(OK(), key)
			s.Expect(aws.ToString(out.VersionId)).To(BeElementOf("", "null"), "x-amz-version-id, %s", key)
			s.Expect(aws.ToBool(out.DeleteMarker)).To(BeFalse(), "x-amz-delete-marker, %s", key)
		}
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"covered", id, false, true}}))
		s.ExpectBody(ctx, b, "covered", "after")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.absent-key",
	Rule:  "V-06",
	Says:  "DeleteObject without versionId of a key that does not exist MUST add a delete marker in a versioned bucket.",
	Ref:   apiDelete,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		out, err := s.Delete(ctx, b, "never")
		s.Expect(err).To(OK())
		s.Expect(aws.ToBool(out.DeleteMarker)).To(BeTrue(), "x-amz-delete-marker")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"never", aws.ToString(out.VersionId), true, true}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.absent-id",
	Rule:  "V-10",
	Says:  "DeleteObject of a version that no longer exists SHOULD answer 204.",
	Ref:   apiDelete,
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
	Ref:   guideManaging,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		first := mark(ctx, s, b, "k")
		second, err := s.Delete(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(second.VersionId)).NotTo(BeElementOf("", first))
		_, out := list(ctx, s, b)
		s.Expect(out.DeleteMarkers).To(HaveLen(2))
	},
})

var _ = Add(Scenario{
	ID:    "version.delete.promotes",
	Rule:  "V-22",
	Says:  "Removing the current version MUST make the newest remaining one current.",
	Ref:   guide + "RestoringPreviousVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two, three := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "other"), put(ctx, s, b, "k", "three")
		_, err := s.Delete(ctx, b, "k", Version(three))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "k", "other")
		s.Expect(listed(ctx, s, b)).To(Equal(map[string]int64{"k": 5}), "keys and sizes in a listing")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", two, false, true}, {"k", one, false, false}}))
	},
})
