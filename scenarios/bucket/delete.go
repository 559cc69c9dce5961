// Package bucket holds the rules of buckets: names, creation, deletion,
// listing, location and ownership.
package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "bucket.delete.missing",
	Rule:  "B-11",
	Says:  "DeleteBucket of a bucket that does not exist MUST fail with 404 NoSuchBucket.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		absent := s.AbsentBucket()
		_, err := s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &absent})
		s.Expect(err).To(FailWith(404, "NoSuchBucket"))
	},
})
