package streaming

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// mustPublic lets anybody put objects into the bucket and waits until the
// policy reads back; the scenario is blocked when it cannot.
func mustPublic(ctx context.Context, s *S, bucket string) {
	_, err := s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &bucket})
	s.Must(err, "allow public policies")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
	s.Settle(ctx, "the bucket takes a public policy", func() error {
		_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(policy)})
		return err
	})
}
