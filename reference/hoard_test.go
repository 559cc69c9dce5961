package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/reference"
)

// A hoard is what a server that stands alone has in its directory: objects, old
// versions, and an upload in progress.
type hoard struct {
	t    *testing.T
	dir  string
	hash string // of the state, when it was closed last

	mu       sync.Mutex
	objects  map[string]thing // of the bucket "bucket"
	versions []version        // of the bucket "versioned"
	upload   *string
	parts    []types.CompletedPart
}

type version struct {
	key  string
	id   *string
	body thing
}

const (
	hoardVersions = 60
	hoardWriters  = 32
)

// newHoard has n objects put at the same time, by several clients: most small,
// every twentieth a blob.
func newHoard(t *testing.T, n int) *hoard {
	h := &hoard{t: t, dir: t.TempDir(), objects: map[string]thing{}}
	h.alone(func(c *s3.Client) {
		createBucket(t, c)
		var writers sync.WaitGroup
		for w := range hoardWriters {
			writers.Go(func() {
				for i := w; i < n; i += hoardWriters {
					size := i % 700
					if i%20 == 0 {
						size = 17<<10 + i
					}
					h.put(c, fmt.Sprintf("key-%05d", i), thing{uint64(i), size})
				}
			})
		}
		writers.Wait()
		h.putVersions(c)
		h.beginUpload(c)
	})
	return h
}

// alone runs a server on the directory, and takes note of what it leaves.
func (h *hoard) alone(do func(c *s3.Client)) {
	h.t.Helper()
	h.t.Run("alone", func(t *testing.T) {
		in := reference.Start(t, func(c *reference.Config) {
			c.Backend, c.Dir, c.Limits.MinPart = reference.Local, h.dir, crashPart
		})
		do(s3.NewFromConfig(in.AWS, func(o *s3.Options) { o.UsePathStyle = true }))
	})
	h.hash = stateHash(h.t, h.dir)
}

func (h *hoard) put(c *s3.Client, key string, v thing) {
	_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(v.body())})
	if err != nil {
		h.t.Errorf("put %s: %v", key, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.objects[key] = v
}

func (h *hoard) putVersions(c *s3.Client) {
	ctx, bucket := context.Background(), aws.String("versioned")
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	if err == nil {
		_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	}
	for i := 0; i < hoardVersions && err == nil; i++ {
		v := version{fmt.Sprint("key-", i%7), nil, thing{uint64(i), i * 400}}
		var out *s3.PutObjectOutput
		if out, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &v.key, Body: bytes.NewReader(v.body.body())}); err == nil {
			v.id = out.VersionId
			h.versions = append(h.versions, v)
		}
	}
	if err != nil {
		h.t.Errorf("put versions: %v", err)
	}
}

var hoardParts = []thing{{1, 30 << 10}, {2, 100}}

func (h *hoard) beginUpload(c *s3.Client) {
	ctx, bucket, key := context.Background(), aws.String("bucket"), aws.String("in parts")
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		h.t.Errorf("begin an upload: %v", err)
		return
	}
	h.upload = up.UploadId
	for i, v := range hoardParts {
		n := aws.Int32(int32(i + 1))
		p, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: h.upload, PartNumber: n, Body: bytes.NewReader(v.body())})
		if err != nil {
			h.t.Errorf("upload a part: %v", err)
			return
		}
		h.parts = append(h.parts, types.CompletedPart{PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
	}
}

// completeUpload ends the upload that was in progress.
func (h *hoard) completeUpload(c *s3.Client) {
	h.t.Helper()
	key := aws.String("in parts")
	_, err := c.CompleteMultipartUpload(h.t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String("bucket"), Key: key, UploadId: h.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: h.parts}})
	if err != nil {
		h.t.Fatalf("complete the upload: %v", err)
	}
	wantBody(h.t, c, *key, append(hoardParts[0].body(), hoardParts[1].body()...))
}

// verify reads everything of at least that size back, by one client or another,
// and what is a blob by every one of them. Nothing else must be listed.
func (h *hoard) verify(size int, clients ...*s3.Client) {
	h.t.Helper()
	type read struct {
		by          *s3.Client
		bucket, key string
		version     *string
		want        thing
	}
	reads := make(chan read)
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			for r := range reads {
				out, err := r.by.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &r.bucket, Key: &r.key, VersionId: r.version})
				if err == nil {
					var got []byte
					got, err = io.ReadAll(out.Body)
					if err = errors.Join(err, out.Body.Close()); err == nil && !bytes.Equal(got, r.want.body()) {
						err = errors.New("another body")
					}
				}
				if err != nil {
					h.t.Errorf("%s/%s: %v", r.bucket, r.key, err)
				}
			}
		})
	}
	i := 0
	for key, v := range h.objects {
		if i++; v.size < size {
			continue
		}
		for n, by := range clients {
			if i%len(clients) == n || v.size > 16<<10 {
				reads <- read{by, "bucket", key, nil, v}
			}
		}
	}
	for i, v := range h.versions {
		reads <- read{clients[i%len(clients)], "versioned", v.key, v.id, v.body}
	}
	close(reads)
	readers.Wait()
	h.wantListed(clients[len(clients)-1])
}

func (h *hoard) wantListed(c *s3.Client) {
	h.t.Helper()
	n := 0
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(h.t.Context())
		if err != nil {
			h.t.Fatalf("list: %v", err)
		}
		for _, o := range page.Contents {
			n++
			if v, there := h.objects[*o.Key]; !there || int64(v.size) != *o.Size {
				h.t.Errorf("%s of %d bytes is listed", *o.Key, *o.Size)
			}
		}
	}
	if n != len(h.objects) {
		h.t.Errorf("%d objects are listed, want %d", n, len(h.objects))
	}
}
