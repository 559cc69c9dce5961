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
	ID:    "version.suspended.put-null",
	Rule:  "V-12",
	Says:  "PutObject in a bucket with suspended versioning MUST store the version null, replacing an older null version, and keep other versions.",
	Ref:   guideSuspended,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "kept")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "k", "replaced")
		out := s.MustPut(ctx, b, "k", "null")
		s.Expect(aws.ToString(out.VersionId)).To(BeElementOf("", "null"), "x-amz-version-id of the PUT")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", "null", false, true}, {"k", id, false, false}}))
		s.ExpectBody(ctx, b, "k", "null")
		old, err := s.Get(ctx, b, "k", Version(id))
		s.Expect(err).To(OK(), "GET of the kept version")
		s.Expect(string(old.Bytes)).To(Equal("kept"))
	},
})

var _ = Add(Scenario{
	ID:    "version.suspended.other-writers",
	Rule:  "V-12",
	Says:  "CopyObject and CompleteMultipartUpload in a bucket with suspended versioning MUST store the version null in place of an older one, as PutObject does.",
	Ref:   guideSuspended,
	Level: Must,
	Needs: []Feature{Versioning, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "kept")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "k", "replaced by a copy")
		cp, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"), CopySource: aws.String(b + "/k?versionId=" + escape(id))})
		s.Expect(err).To(OK(), "CopyObject")
		s.Expect(aws.ToString(cp.VersionId)).To(BeElementOf("", "null"), "x-amz-version-id of CopyObject")
		s.ExpectBody(ctx, b, "k", "kept")
		s.Expect(aws.ToString(multipart(ctx, s, b, "k").VersionId)).To(BeElementOf("", "null"), "x-amz-version-id of CompleteMultipartUpload")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", "null", false, true}, {"k", id, false, false}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.suspended.under-newer",
	Rule:  "V-12",
	Says:  "A null version that lies under newer versions MUST be replaced by the next PutObject after versioning is suspended again, which becomes current.",
	Ref:   guideSuspended,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "the first null version")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		id := put(ctx, s, b, "k", "versioned")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "k", "the second null version")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", "null", false, true}, {"k", id, false, false}}))
		s.ExpectBody(ctx, b, "k", "the second null version")
		got, err := s.Get(ctx, b, "k", Version("null"))
		s.Expect(err).To(OK(), "GET of the version null")
		s.Expect(string(got.Bytes)).To(Equal("the second null version"))
	},
})

var _ = Add(Scenario{
	ID:    "version.suspended.delete",
	Rule:  "V-13",
	Says:  "DeleteObject in a bucket with suspended versioning MUST replace the null version by a delete marker with the id null, and keep other versions.",
	Ref:   guide + "DeletingObjectsfromVersioningSuspendedBuckets.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "kept")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "k", "null")
		out, err := s.Delete(ctx, b, "k")
		s.Expect(err).To(OK())
		all, _ := list(ctx, s, b)
		s.Expect(all).To(ConsistOf(entry{"k", id, false, false}, entry{"k", "null", true, true}))
		s.Expect(aws.ToString(out.VersionId)).To(Equal("null"), "x-amz-version-id, the marker's")
		_, err = s.Get(ctx, b, "k")
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
	},
})

var _ = Add(Scenario{
	ID:    "version.suspended.delete-without-null",
	Rule:  "V-13",
	Says:  "DeleteObject in a bucket with suspended versioning MUST add a null delete marker also when the key has no null version.",
	Ref:   guide + "DeletingObjectsfromVersioningSuspendedBuckets.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "kept")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		_, err := s.Delete(ctx, b, "k")
		s.Expect(err).To(OK())
		all, _ := list(ctx, s, b)
		s.Expect(all).To(ConsistOf(entry{"k", id, false, false}, entry{"k", "null", true, true}))
	},
})

var _ = Add(Scenario{
	ID:    "version.upload.order",
	Rule:  "V-24",
	Says:  "A multipart upload initiated before a PutObject and completed after it MAY stand above or below it; the order is recorded.",
	Ref:   api + "API_CompleteMultipartUpload.html",
	Level: Info,
	Needs: []Feature{Versioning, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")})
		s.Must(err, "create a multipart upload")
		v := put(ctx, s, b, "k", "put")
		done := finish(ctx, s, b, "k", up.UploadId)
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(ConsistOf(v, aws.ToString(done.VersionId)))
		s.Observe("current version", map[bool]string{true: "the PutObject", false: "the upload"}[find(s, all, v).Latest])
	},
})
