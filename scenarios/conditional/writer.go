package conditional

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	guideWrites  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
	guideDeletes = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html"
	api          = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
)

// A writer is one of the operations that can replace a key under a condition.
// The rules are the same for each, and so are the scenarios; only what is
// cited differs.
type writer struct {
	id, op string // "put", "PutObject"
	ref    string // page of the operation
	sdk    string // input type of the SDK
	// rules: If-None-Match, If-Match, absent key, delete marker, current version.
	none, match, absent, marker, current string
	needs                                []Feature
	write                                func(ctx context.Context, s *S, bucket, key, body string, opts ...Opt) error
}

var writers = []writer{
	{id: "put", op: "PutObject", ref: api + "API_PutObject.html", sdk: "PutObjectInput",
		none: "W-01", match: "W-03", absent: "W-04", marker: "W-07", current: "W-08", write: put},
	{id: "complete", op: "CompleteMultipartUpload", ref: api + "API_CompleteMultipartUpload.html", sdk: "CompleteMultipartUploadInput",
		none: "W-09", match: "W-10", absent: "W-11", marker: "W-11", current: "W-11", needs: []Feature{Multipart}, write: complete},
	{id: "copy", op: "CopyObject", ref: api + "API_CopyObject.html", sdk: "CopyObjectInput",
		none: "W-13", match: "W-13", absent: "W-13", marker: "W-13", current: "W-13", needs: []Feature{Copy}, write: copyFrom},
}

func put(ctx context.Context, s *S, bucket, key, body string, opts ...Opt) error {
	_, err := s.Put(ctx, bucket, key, body, opts...)
	return err
}

// complete uploads body as the only part of a multipart upload and completes
// it under the options.
func complete(ctx context.Context, s *S, bucket, key, body string, opts ...Opt) error {
	u := begin(ctx, s, bucket, key, body)
	return u.complete(ctx, s, opts...)
}

// copyFrom puts body under another key and copies it under the options.
func copyFrom(ctx context.Context, s *S, bucket, key, body string, opts ...Opt) error {
	s.MustPut(ctx, bucket, "source", body)
	_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: aws.String(bucket + "/source")}, opts...)
	return err
}

// An upload has its one part uploaded and waits for its completion.
type upload struct {
	bucket, key string
	id          *string
	part        types.CompletedPart
}

func begin(ctx context.Context, s *S, bucket, key, body string) upload {
	out, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	s.Must(err, "create a multipart upload")
	r := s.Send(ctx, Request{Method: "PUT", Bucket: bucket, Key: key, Body: []byte(body),
		Query: "partNumber=1&uploadId=" + queryEscape(aws.ToString(out.UploadId))})
	if r.Status != 200 {
		s.Must(fmt.Errorf("status %d %s", r.Status, r.Code), "upload a part")
	}
	return upload{bucket, key, out.UploadId, types.CompletedPart{ETag: aws.String(r.Header.Get("ETag")), PartNumber: aws.Int32(1)}}
}

func (u upload) complete(ctx context.Context, s *S, opts ...Opt) error {
	_, err := s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &u.bucket, Key: &u.key, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{u.part}}}, opts...)
	return err
}

// etag returns the key's ETag as HEAD gives it.
func etag(ctx context.Context, s *S, bucket, key string) string {
	out, err := s.Head(ctx, bucket, key)
	s.Must(err, "read the ETag of "+key)
	return aws.ToString(out.ETag)
}

// versions counts the versions and delete markers of a bucket.
func versions(ctx context.Context, s *S, bucket string) int {
	out, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: aws.String("k")})
	s.Must(err, "list versions")
	return len(out.Versions) + len(out.DeleteMarkers)
}
