package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"bleepstore/reference"
)

// client is the AWS SDK on a server that is all there but for the disk.
func client(t *testing.T) *s3.Client {
	t.Helper()
	in := reference.Start(t)
	return s3.NewFromConfig(in.AWS, func(o *s3.Options) {
		o.UsePathStyle = true
		o.Retryer = aws.NopRetryer{}
		// What the SDK does by itself since 2025.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	})
}

// refused checks the status and code of a failed call.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var re *awshttp.ResponseError
	var ae smithy.APIError
	if !errors.As(err, &re) || !errors.As(err, &ae) || re.HTTPStatusCode() != status || ae.ErrorCode() != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func read(t *testing.T, out *s3.GetObjectOutput) string {
	t.Helper()
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSDKObjects(t *testing.T) {
	c, ctx, b := client(t), context.Background(), aws.String("sdk-bucket")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b}))
	const key = "dir/a b+c%d?é.txt"
	put := must[*s3.PutObjectOutput](t)(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String(key), Body: strings.NewReader("hello"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"Color": "red"}, Tagging: aws.String("a=b"), IfNoneMatch: aws.String("*")}))
	if aws.ToString(put.ETag) != `"5d41402abc4b2a76b9719d911017c592"` || put.ChecksumCRC32 == nil {
		t.Errorf("got %+v", put)
	}
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String(key), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	refused(t, err, 412, "PreconditionFailed")

	got := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled}))
	if body := read(t, got); body != "hello" || got.Metadata["color"] != "red" || aws.ToString(got.ContentType) != "text/plain" || aws.ToInt32(got.TagCount) != 1 {
		t.Errorf("got %q %+v", body, got)
	}
	got = must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String(key), Range: aws.String("bytes=1-3")}))
	if body := read(t, got); body != "ell" || aws.ToString(got.ContentRange) != "bytes 1-3/5" {
		t.Errorf("got %q %v", body, aws.ToString(got.ContentRange))
	}
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("missing")})
	refused(t, err, 404, "NoSuchKey")
	_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String(key), IfNoneMatch: put.ETag})
	var re *awshttp.ResponseError
	if !errors.As(err, &re) || re.HTTPStatusCode() != http.StatusNotModified {
		t.Errorf("got %v, want 304", err)
	}

	copied := must[*s3.CopyObjectOutput](t)(c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("copy"),
		CopySource: aws.String("sdk-bucket/dir/a%20b%2Bc%25d%3F%C3%A9.txt")}))
	if aws.ToString(copied.CopyObjectResult.ETag) != aws.ToString(put.ETag) {
		t.Errorf("got %+v", copied.CopyObjectResult)
	}
	attrs := must[*s3.GetObjectAttributesOutput](t)(c.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: b, Key: aws.String("copy"),
		ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectSize, types.ObjectAttributesEtag, types.ObjectAttributesChecksum}}))
	if aws.ToInt64(attrs.ObjectSize) != 5 || aws.ToString(attrs.ETag) != strings.Trim(aws.ToString(put.ETag), `"`) || attrs.Checksum == nil {
		t.Errorf("got %+v", attrs)
	}

	for _, k := range []string{"dir/2", "dir/sub/3", "z"} {
		must[*s3.PutObjectOutput](t)(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String(k), Body: strings.NewReader(k)}))
	}
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: b, Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)})
	for pages.HasMorePages() {
		page := must[*s3.ListObjectsV2Output](t)(pages.NextPage(ctx))
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
		for _, p := range page.CommonPrefixes {
			keys = append(keys, aws.ToString(p.Prefix))
		}
	}
	if got := strings.Join(keys, " "); got != "copy dir/ z" {
		t.Errorf("got %s", got)
	}
	del := must[*s3.DeleteObjectsOutput](t)(c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String(key)}, {Key: aws.String("copy")}, {Key: aws.String("dir/2")}, {Key: aws.String("dir/sub/3")}, {Key: aws.String("absent")}}}}))
	if len(del.Deleted) != 5 || len(del.Errors) != 0 {
		t.Errorf("got %+v", del)
	}
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b})
	refused(t, err, 409, "BucketNotEmpty")
}

func TestSDKVersioning(t *testing.T) {
	c, ctx, b, k := client(t), context.Background(), aws.String("sdk-versions"), aws.String("k")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b}))
	must[*s3.PutBucketVersioningOutput](t)(c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: b,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	one := must[*s3.PutObjectOutput](t)(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("one")}))
	two := must[*s3.PutObjectOutput](t)(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("two")}))
	gone := must[*s3.DeleteObjectOutput](t)(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k}))
	if !aws.ToBool(gone.DeleteMarker) || gone.VersionId == nil || aws.ToString(one.VersionId) == aws.ToString(two.VersionId) {
		t.Fatalf("got %+v %+v %+v", one, two, gone)
	}
	old := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: one.VersionId}))
	if body := read(t, old); body != "one" || aws.ToString(old.VersionId) != aws.ToString(one.VersionId) {
		t.Errorf("got %q %+v", body, old)
	}
	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	refused(t, err, 404, "NoSuchKey")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: gone.VersionId})
	refused(t, err, 405, "MethodNotAllowed")
	list := must[*s3.ListObjectVersionsOutput](t)(c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b}))
	if len(list.Versions) != 2 || len(list.DeleteMarkers) != 1 || aws.ToString(list.Versions[0].VersionId) != aws.ToString(two.VersionId) ||
		!aws.ToBool(list.DeleteMarkers[0].IsLatest) || aws.ToBool(list.Versions[0].IsLatest) {
		t.Errorf("got %+v %+v", list.Versions, list.DeleteMarkers)
	}
	must[*s3.PutObjectTaggingOutput](t)(c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: one.VersionId,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("a/b c")}}}}))
	tags := must[*s3.GetObjectTaggingOutput](t)(c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k, VersionId: one.VersionId}))
	if len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Value) != "a/b c" || aws.ToString(tags.VersionId) != aws.ToString(one.VersionId) {
		t.Errorf("got %+v", tags)
	}
}

func TestSDKMultipart(t *testing.T) {
	c, ctx, b, k := client(t), context.Background(), aws.String("sdk-multipart"), aws.String("big")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b}))
	up := must[*s3.CreateMultipartUploadOutput](t)(c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c}))
	first := bytes.Repeat([]byte("0123456789abcdef"), 5<<20>>4)
	var parts []types.CompletedPart
	for i, body := range [][]byte{first, []byte("tail")} {
		n := aws.Int32(int32(i + 1))
		p := must[*s3.UploadPartOutput](t)(c.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: n,
			Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c}))
		parts = append(parts, types.CompletedPart{PartNumber: n, ETag: p.ETag, ChecksumCRC32C: p.ChecksumCRC32C})
	}
	listed := must[*s3.ListPartsOutput](t)(c.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: up.UploadId}))
	if len(listed.Parts) != 2 || aws.ToInt64(listed.Parts[0].Size) != int64(len(first)) {
		t.Errorf("got %+v", listed.Parts)
	}
	done := must[*s3.CompleteMultipartUploadOutput](t)(c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}))
	if !strings.HasSuffix(aws.ToString(done.ETag), `-2"`) || !strings.HasSuffix(aws.ToString(done.ChecksumCRC32C), "-2") {
		t.Errorf("got %+v", done)
	}
	got := must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k}))
	if body := read(t, got); body != string(first)+"tail" {
		t.Errorf("got %d bytes", len(body))
	}
	got = must[*s3.GetObjectOutput](t)(c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(2)}))
	if body := read(t, got); body != "tail" || aws.ToInt32(got.PartsCount) != 2 {
		t.Errorf("got %q of %d parts", body, aws.ToInt32(got.PartsCount))
	}
	uploads := must[*s3.ListMultipartUploadsOutput](t)(c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b}))
	if len(uploads.Uploads) != 0 {
		t.Errorf("got %+v", uploads.Uploads)
	}
}

func TestSDKPresigned(t *testing.T) {
	c, ctx, b, k := client(t), context.Background(), aws.String("sdk-presigned"), aws.String("k/1")
	must[*s3.CreateBucketOutput](t)(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b}))
	ps := s3.NewPresignClient(c)
	exchange := func(method, url string, h http.Header, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range h {
			if name != "Content-Length" && name != "Host" {
				r.Header[name] = values
			}
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(data)
	}
	defer http.DefaultClient.CloseIdleConnections()
	put, err := ps.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Metadata: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := exchange(put.Method, put.URL, put.SignedHeader, "presigned"); status != 200 {
		t.Fatalf("got %d %s", status, body)
	}
	get, err := ps.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, ResponseContentType: aws.String("x/y")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := exchange(get.Method, get.URL, get.SignedHeader, ""); status != 200 || body != "presigned" {
		t.Errorf("got %d %s", status, body)
	}
	if status, body := exchange(get.Method, get.URL+"&versionId=x", get.SignedHeader, ""); status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Errorf("altered: got %d %s", status, body)
	}
}
