package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"bleepstore/reference/object"
)

// sink is a ResponseWriter that costs next to nothing, so that what is
// measured is the edge.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// quick is a fake that keeps no record.
type quick struct {
	fake
	data []byte
	page object.ListResult
}

func benchVersion() object.Version {
	v := stored()
	v.Size = 4096
	return v
}

func (q *quick) serve(b *testing.B, method, uri, body string) {
	h, err := New(Config{Backend: q, Auth: auth{}, Now: time.Now, Rand: bytes.NewReader(make([]byte, 64))})
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequest(method, uri, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RequestURI, r.Host = uri, "127.0.0.1"
	r.Header = http.Header{"User": {owner}, "X-Amz-Date": {"20260304T123045Z"}, "X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"},
		"Content-Length": {itoa(len(body))}, "Content-Type": {"text/plain"}}
	r.ContentLength = int64(len(body))
	w := &sink{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkGet4K(b *testing.B) {
	q := &quick{data: make([]byte, 4096)}
	q.serve(b, "GET", "/b/some/key?x-id=GetObject", "")
}

func BenchmarkHead(b *testing.B) {
	q := &quick{}
	q.serve(b, "HEAD", "/b/some/key", "")
}

func BenchmarkPut4K(b *testing.B) {
	q := &quick{}
	q.serve(b, "PUT", "/b/some/key?x-id=PutObject", strings.Repeat("x", 4096))
}

func BenchmarkList100(b *testing.B) {
	q := &quick{}
	for i := range 100 {
		v := benchVersion()
		v.Key = "some/prefix/" + itoa(i)
		q.page.Objects = append(q.page.Objects, v)
	}
	q.serve(b, "GET", "/b?list-type=2&prefix=some/", "")
}

func (q *quick) Get(context.Context, object.GetInput) (*object.GetResult, error) {
	return &object.GetResult{Version: benchVersion(), Length: 4096, Body: io.NopCloser(bytes.NewReader(q.data))}, nil
}

func (q *quick) Head(context.Context, object.GetInput) (*object.GetResult, error) {
	return &object.GetResult{Version: benchVersion(), Length: 4096}, nil
}

func (q *quick) Put(_ context.Context, in object.PutInput) (object.PutResult, error) {
	_, err := io.Copy(io.Discard, in.Body.Reader)
	return object.PutResult{Version: benchVersion()}, err
}

func (q *quick) List(context.Context, object.Caller, object.ListInput) (object.ListResult, error) {
	return q.page, nil
}
