package scenarios

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"
)

// MustPutWithProperties puts a key with what whatever replaces it must not keep:
// tags, another storage class than the default, and a website redirect.
func MustPutWithProperties(ctx context.Context, s *S, bucket, key string) {
	s.MustPut(ctx, bucket, key, "old", Header("x-amz-tagging", "a=1"), Header("x-amz-storage-class", "REDUCED_REDUNDANCY"),
		Header("x-amz-website-redirect-location", "/old"))
}

// ExpectNoProperties demands that a key has none of them.
func ExpectNoProperties(ctx context.Context, s *S, bucket, key string) {
	tags, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
	s.Expect(err).To(OK(), "GetObjectTagging")
	s.Expect(tags.TagSet).To(BeEmpty(), "tags")
	head, err := s.Head(ctx, bucket, key)
	s.Expect(err).To(OK(), "HEAD")
	s.Expect(head.StorageClass).To(BeElementOf(types.StorageClass(""), types.StorageClassStandard), "storage class")
	s.Expect(aws.ToString(head.WebsiteRedirectLocation)).To(BeEmpty(), "website redirect")
}
