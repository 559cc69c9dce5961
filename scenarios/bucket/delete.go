package bucket

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// drop sends DeleteBucket.
func drop(ctx context.Context, s *S, name string) error {
	_, err := s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	return err
}

var _ = Add(Scenario{
	ID:    "bucket.delete.empty",
	Rule:  "B-11",
	Says:  "DeleteBucket of an empty bucket MUST answer 204, and the bucket MUST be gone.",
	Ref:   refDelete + "#API_DeleteBucket_ResponseSyntax",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName()
		_, err := s.SDK().CreateBucket(ctx, creation(s, name))
		s.Must(err, "create a bucket")
		settleHead(ctx, s, name)
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: name})).To(HaveStatus(204))
		err = Settled(ctx, s, "the bucket is gone", func() error {
			if _, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name}); err == nil {
				return errors.New("HeadBucket still succeeds")
			}
			return nil
		})
		if err != nil {
			s.Silently("DeleteBucket answered 204, and %v", err)
		}
		_, err = s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		s.Expect(err).To(FailWith(404), "HeadBucket after DeleteBucket")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.delete.missing",
	Rule:  "B-11",
	Says:  "DeleteBucket of a bucket that does not exist MUST fail with 404 NoSuchBucket.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		s.Expect(drop(ctx, s, s.AbsentBucket())).To(FailWith(404, "NoSuchBucket"))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.delete.with-object",
	Rule:  "B-12",
	Says:  "DeleteBucket of a bucket with an object MUST fail with 409 BucketNotEmpty and keep the object.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(drop(ctx, s, b)).To(FailWith(409, "BucketNotEmpty"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.delete.with-noncurrent-version",
	Rule:  "B-12",
	Says:  "DeleteBucket of a bucket whose only object lies under a delete marker MUST fail with 409 BucketNotEmpty and keep the version.",
	Ref:   refDelete,
	SDK:   "s3@v1.114.8 Client.DeleteBucket",
	Level: Must,
	Needs: []Feature{Buckets, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put := s.MustPut(ctx, b, "k", "v")
		_, err := s.Delete(ctx, b, "k")
		s.Must(err, "put a delete marker on top")
		s.Expect(drop(ctx, s, b)).To(FailWith(409, "BucketNotEmpty"))
		_, err = s.Get(ctx, b, "k", Version(aws.ToString(put.VersionId)))
		s.Expect(err).To(OK(), "GET of the version")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.delete.with-delete-marker",
	Rule:  "B-12",
	Says:  "DeleteBucket of a bucket that holds nothing but a delete marker MUST fail with 409 BucketNotEmpty.",
	Ref:   refDelete,
	SDK:   "s3@v1.114.8 Client.DeleteBucket",
	Level: Must,
	Needs: []Feature{Buckets, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		_, err := s.Delete(ctx, b, "k")
		s.Must(err, "put a delete marker")
		s.Expect(drop(ctx, s, b)).To(FailWith(409, "BucketNotEmpty"))
		_, err = s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
		s.Expect(err).To(OK(), "HeadBucket after a refused DeleteBucket")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.delete.with-upload",
	Rule:  "B-13",
	Says:  "DeleteBucket of a bucket that holds nothing but an upload in progress MAY succeed or fail with 409 BucketNotEmpty.",
	Ref:   refDelete,
	Level: Info,
	Needs: []Feature{Buckets, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		_, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &k})
		s.Must(err, "create an upload")
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b})
		s.Observe("answer", r.Status)
		s.Observe("code", r.Code)
	},
})
