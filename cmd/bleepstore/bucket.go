package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/conformance"
)

// bucketCmd makes a bucket at an S3 server, for scripts that need one and have no
// client of their own.
type bucketCmd struct {
	Name      string `arg:""`
	Endpoint  string `required:"" placeholder:"URL"`
	AccessKey string `required:""`
	SecretKey string `required:""`
	Region    string `default:"us-east-1"`
}

// Run implements the command.
func (c *bucketCmd) Run() error {
	client := s3.New(s3.Options{
		BaseEndpoint: &c.Endpoint, Region: c.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, ""),
	})
	if _, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &c.Name}); err != nil {
		return &conformance.Error{Code: conformance.ExitFailed, Err: err}
	}
	return nil
}
