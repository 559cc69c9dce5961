package main_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	tm "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"bleepstore/reference"
)

// transfer returns the SDK's transfer manager with the checksum defaults of
// the SDK, and a bucket.
func transfer(t *testing.T, change ...func(*tm.Options)) (*tm.Client, *s3.Client, string) {
	t.Helper()
	srv := reference.Start(t)
	client := s3.NewFromConfig(srv.AWS, func(o *s3.Options) { o.UsePathStyle, o.RetryMaxAttempts = true, 1 })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("transfer")})
	check(t, err, "CreateBucket")
	return tm.New(client, append([]func(*tm.Options){func(o *tm.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold = 5*mib, 6*mib
	}}, change...)...), client, "transfer"
}

func TestTransferObjects(t *testing.T) {
	data := random(11*mib + 3)
	for name, change := range map[string]func(*tm.Options){
		"default": func(*tm.Options) {},
		"sha256":  func(o *tm.Options) { o.ChecksumAlgorithm = tmtypes.ChecksumAlgorithmSha256 },
		"sha512":  func(o *tm.Options) { o.ChecksumAlgorithm = tmtypes.ChecksumAlgorithmSha512 },
		"crc32c":  func(o *tm.Options) { o.ChecksumAlgorithm = tmtypes.ChecksumAlgorithmCrc32c },
		"none":    func(o *tm.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired },
		"ranges":  func(o *tm.Options) { o.GetObjectType = tmtypes.GetObjectRanges },
	} {
		t.Run(name, func(t *testing.T) {
			c, _, b := transfer(t, change)
			for key, body := range map[string]io.Reader{
				"seekable": bytes.NewReader(data), "stream": io.MultiReader(bytes.NewReader(data)), "small": io.MultiReader(bytes.NewReader(data[:9])),
			} {
				_, err := c.UploadObject(t.Context(), &tm.UploadObjectInput{Bucket: &b, Key: &key, Body: body, Metadata: map[string]string{"m": "1"}})
				check(t, err, "upload "+key)
				got, err := c.GetObject(t.Context(), &tm.GetObjectInput{Bucket: &b, Key: &key})
				check(t, err, "get "+key)
				read, err := io.ReadAll(got.Body)
				check(t, err, "read "+key)
				want := data
				if key == "small" {
					want = data[:9]
				}
				same(t, read, want, key)
				file := filepath.Join(t.TempDir(), "file")
				f, err := os.Create(file)
				check(t, err, "create")
				out, err := c.DownloadObject(t.Context(), &tm.DownloadObjectInput{Bucket: &b, Key: &key, WriterAt: f})
				check(t, err, "download "+key)
				f.Close()
				read, err = os.ReadFile(file)
				check(t, err, "read file")
				same(t, read, want, "download of "+key)
				if out.Metadata["m"] != "1" {
					t.Errorf("%s: got metadata %v", key, out.Metadata)
				}
			}
		})
	}
}

func TestTransferDirectories(t *testing.T) {
	c, _, b := transfer(t)
	src, dst := t.TempDir(), t.TempDir()
	files := map[string][]byte{"a b.txt": []byte("x"), "sub/ü+c.txt": []byte("y"), "sub/deep/big": random(11 * mib), "empty": nil}
	for name, data := range files {
		file := filepath.Join(src, name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755), "mkdir")
		check(t, os.WriteFile(file, data, 0o644), "write")
	}
	up, err := c.UploadDirectory(t.Context(), &tm.UploadDirectoryInput{Bucket: &b, Source: &src, Recursive: aws.Bool(true), KeyPrefix: aws.String("p")})
	check(t, err, "UploadDirectory")
	if up.ObjectsUploaded != int64(len(files)) {
		t.Errorf("got %d uploaded, want %d", up.ObjectsUploaded, len(files))
	}
	_, err = c.DownloadDirectory(t.Context(), &tm.DownloadDirectoryInput{Bucket: &b, Destination: &dst, KeyPrefix: aws.String("p")})
	check(t, err, "DownloadDirectory")
	for name, data := range files {
		got, err := os.ReadFile(filepath.Join(dst, name))
		check(t, err, name)
		same(t, got, data, name)
	}
}

// A body that breaks leaves neither an object nor an upload behind.
func TestTransferAborts(t *testing.T) {
	c, client, b := transfer(t)
	broken := io.MultiReader(bytes.NewReader(random(12*mib)), failing{})
	_, err := c.UploadObject(t.Context(), &tm.UploadObjectInput{Bucket: &b, Key: aws.String("k"), Body: broken})
	if !errors.Is(err, errBroken) {
		t.Fatalf("got %v, want %v", err, errBroken)
	}
	_, err = client.HeadObject(context.WithoutCancel(t.Context()), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NotFound" {
		t.Errorf("got %v, want NotFound", err)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b})
	check(t, err, "ListMultipartUploads")
	if len(uploads.Uploads) != 0 {
		t.Errorf("got %d uploads, want none", len(uploads.Uploads))
	}
}

var errBroken = errors.New("broken pipe of a test")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }
