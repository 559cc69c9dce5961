package aws

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/blob/cloud"
)

// Uploads of a name are ended whatever their age, those of a prefix when they are
// old, and no other ones.
func TestAbort(t *testing.T) {
	server := reference.Start(t)
	client := s3.NewFromConfig(server.AWS, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	u := &uploads{client, "bucket"}
	for _, key := range []string{"p/blobs/a", "p/blobs/a", "p/blobs/a-1", "p/blobs/b", "q/blobs/a"} {
		if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		which cloud.Uploads
		left  int
	}{
		{cloud.Uploads{Prefix: "p/blobs/", Before: time.Now().Add(-time.Hour)}, 5},
		{cloud.Uploads{Name: "p/blobs/a"}, 3},
		{cloud.Uploads{Prefix: "p/blobs/", Before: time.Now().Add(time.Hour)}, 1},
		{cloud.Uploads{Name: "p/blobs/a"}, 1},
	} {
		if err := u.abort(t.Context(), step.which); err != nil {
			t.Fatal(err)
		}
		all, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("bucket")})
		if err != nil || len(all.Uploads) != step.left {
			t.Errorf("%+v: %d uploads are left, %v, want %d", step.which, len(all.Uploads), err, step.left)
		}
	}
}
