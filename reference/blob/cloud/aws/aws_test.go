package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/conformance/foreign"
	"bleepstore/fault/proxy"
	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/aws"
	"bleepstore/reference/blob/cloud/cloudtest"
)

// A bucket is one of our own server, which stands for the cloud.
type bucket struct {
	server *reference.Instance
	client *s3.Client
	config aws.Config
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{server: reference.Start(t)}
	b.client = s3.NewFromConfig(b.server.AWS, func(o *s3.Options) { o.UsePathStyle = true })
	b.config = aws.Config{
		Bucket: "blobs-of-others", Region: b.server.Region, Endpoint: b.server.URL, PathStyle: true,
		AccessKey: b.server.AccessKey, SecretKey: b.server.SecretKey,
	}
	if _, err := b.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.config.Bucket}); err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T, c aws.Config, o cloud.Options) *cloud.Store {
	t.Helper()
	if o.Owner == "" {
		o.Owner = "me"
	}
	s, err := aws.Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreOnOurOwnServer(t *testing.T) {
	b := newBucket(t)
	t.Run("put", func(t *testing.T) { blobtest.Run(t, each(b.config, 0)) })
	t.Run("streamed", func(t *testing.T) { blobtest.Run(t, each(b.config, -1), "any sequence") }) // which takes thousands of requests
}

// gofakes3 is a server that nobody here wrote.
func TestStoreOnForeignServer(t *testing.T) {
	srv := httptest.NewServer(foreign.Handler())
	defer srv.Close()
	c := aws.Config{Bucket: "blobs", Region: "us-east-1", Endpoint: srv.URL, PathStyle: true, AccessKey: "a", SecretKey: "b"}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/blobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	blobtest.Run(t, each(c, 0))
}

// each opens stores under prefixes of their own.
func each(c aws.Config, small int64) func(t *testing.T) blob.Store {
	n := 0
	return func(t *testing.T) blob.Store {
		n++
		c := c
		c.Prefix = fmt.Sprintf("store/%d/%d", small, n)
		return open(t, c, cloud.Options{Small: small})
	}
}

// A body that fails far into an upload in parts leaves neither an object nor an
// upload behind.
func TestFailedUploadIsEnded(t *testing.T) {
	b := newBucket(t)
	s := open(t, b.config, cloud.Options{})
	defer s.Close()
	const size = 40 << 20
	broken := errors.New("body breaks")
	body := io.MultiReader(io.LimitReader(zeros{}, size-1), iotest.ErrReader(broken))
	if _, err := s.Create(t.Context(), "a", body, size); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	ups, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.config.Bucket})
	if err != nil || len(ups.Uploads) != 0 {
		t.Errorf("uploads %v, %v", ups.Uploads, err)
	}
	objects, err := b.client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.config.Bucket})
	if err != nil || len(objects.Contents) != 1 {
		t.Errorf("objects %v, %v, want the owner's alone", objects.Contents, err)
	}
	info, err := s.Create(t.Context(), "a", io.LimitReader(zeros{}, size), size)
	if err != nil || info.Size != size {
		t.Errorf("created then: %+v, %v", info, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestRefusals(t *testing.T) {
	b := newBucket(t)
	for name, tc := range map[string]struct {
		change func(*aws.Config)
		says   string
	}{
		"no bucket given":  {func(c *aws.Config) { c.Bucket = "" }, "no bucket is given"},
		"no such bucket":   {func(c *aws.Config) { c.Bucket = "never-made" }, "NoSuchBucket"},
		"half a key":       {func(c *aws.Config) { c.SecretKey = "" }, "go together"},
		"a wrong key":      {func(c *aws.Config) { c.SecretKey = "wrong" }, "refused"},
		"an unknown key":   {func(c *aws.Config) { c.AccessKey = "nobody" }, "refused"},
		"another's region": {func(c *aws.Config) { c.Region = "eu-west-1" }, "refused"},
	} {
		c := b.config
		tc.change(&c)
		if s, err := aws.Open(t.Context(), c, cloud.Options{Owner: "me"}); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
			if s != nil {
				s.Close()
			}
		}
	}
	s := open(t, b.config, cloud.Options{Owner: "me"})
	defer s.Close()
	if _, err := aws.Open(t.Context(), b.config, cloud.Options{Owner: "you"}); !errors.Is(err, cloud.ErrOwned) {
		t.Errorf("another owner: got %v", err)
	}
}

// What S3 answers becomes what a server may tell its own clients, and is asked
// for no oftener than makes sense.
func TestAnswers(t *testing.T) {
	for code, tc := range map[string]struct {
		status int
		want   error
		asked  int64 // the store asks twice, the SDK up to three times each
	}{
		"SlowDown":              {503, blob.ErrBusy, 6},
		"RequestLimitExceeded":  {400, blob.ErrBusy, 6},
		"InternalError":         {500, blob.ErrUnavailable, 6},
		"ServiceUnavailable":    {503, blob.ErrUnavailable, 6},
		"AccessDenied":          {403, blob.ErrUnavailable, 1},
		"SignatureDoesNotMatch": {403, blob.ErrUnavailable, 1},
		"NoSuchBucket":          {404, blob.ErrUnavailable, 1},
		"NoSuchKey":             {404, blob.ErrNotFound, 1},
	} {
		t.Run(code, func(t *testing.T) {
			b := newBucket(t)
			var asked atomic.Int64
			front, err := proxy.NewFront(proxy.FrontConfig{Target: parse(t, b.server.URL)})
			if err != nil {
				t.Fatal(err)
			}
			defer front.Close()
			c := b.config
			c.Endpoint = front.URL().String()
			s := open(t, c, cloud.Options{Attempts: 2, Jitter: func() float64 { return 0 }})
			defer s.Close()
			if _, err := s.Create(t.Context(), "a", strings.NewReader("body"), 4); err != nil {
				t.Fatal(err)
			}
			front.Hands(func(r *http.Request, _ []byte) proxy.Hand {
				if r == nil || r.Method != http.MethodGet {
					return proxy.Hand{}
				}
				return proxy.Hand{Take: func(context.Context, []byte, []byte, bool) ([]byte, bool) {
					asked.Add(1)
					return answer(r, tc.status, code), true
				}}
			})
			r, err := s.Open(t.Context(), "a", 0, -1)
			if err == nil {
				r.Close()
			}
			if !errors.Is(err, tc.want) || asked.Load() != tc.asked {
				t.Errorf("got %v after %d requests, want %v after %d", err, asked.Load(), tc.want, tc.asked)
			}
		})
	}
}

// answer is an error as S3 words it, without a body where r wants none.
func answer(r *http.Request, status int, code string) []byte {
	return cloudtest.Failure(r, status, "Content-Type: application/xml\r\nx-amz-request-id: R1\r\n",
		fmt.Sprintf("<Error><Code>%s</Code><Message>m</Message><RequestId>R1</RequestId></Error>", code))
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
