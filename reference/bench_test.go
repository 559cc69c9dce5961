package reference_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/prometheus/client_golang/prometheus"

	"bleepstore/reference"
)

// BenchmarkHandler is what a request costs the server behind net/http, log and
// metrics included.
func BenchmarkHandler(b *testing.B) {
	s, err := reference.Open(b.Context(), reference.Config{
		Dir: b.TempDir(), Users: []reference.User{{AccessKey: "a", SecretKey: "s"}},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(context.Background())
	h := s.Handler()
	do := func(b *testing.B, r *http.Request, body io.Reader) {
		w := &sink{header: http.Header{}}
		r.Body = io.NopCloser(body)
		if h.ServeHTTP(w, r); w.status >= 300 {
			b.Fatalf("%s %s: got %d", r.Method, r.URL, w.status)
		}
	}
	small := bytes.Repeat([]byte("x"), 4<<10)
	do(b, signed(b, "PUT", "/bkt", 0), http.NoBody)
	for i := range 128 {
		do(b, signed(b, "PUT", fmt.Sprint("/bkt/k", i), len(small)), bytes.NewReader(small))
	}
	for _, c := range []struct {
		name, method, path string
		body               []byte
	}{
		{"head", "HEAD", "/bkt/k7", nil},
		{"get", "GET", "/bkt/k7", nil},
		{"list", "GET", "/bkt?list-type=2&max-keys=100", nil},
		{"put", "PUT", "/bkt/k7", small},
		{"delete", "DELETE", "/bkt/none", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := signed(b, c.method, c.path, len(c.body))
			b.ReportAllocs()
			for b.Loop() {
				do(b, r, bytes.NewReader(c.body))
			}
		})
	}
}

// signed is a request as a server gets it.
func signed(b *testing.B, method, target string, length int) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:9000"+target, nil)
	r.RequestURI, r.ContentLength = target, int64(length)
	r.Header.Set("User-Agent", "aws-sdk-go-v2/1.47.7")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Content-Length", fmt.Sprint(length))
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(b.Context(), aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now()); err != nil {
		b.Fatal(err)
	}
	return r
}

// A sink forgets its answer.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
