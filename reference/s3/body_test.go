package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sigv4"
)

const head = "Host: x\r\nUser: " + owner + "\r\n"

func TestShortBody(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	c := dial(t, srv)
	io.WriteString(c, "PUT /b/k HTTP/1.1\r\n"+head+"Content-Length: 10\r\n\r\nhello")
	c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	readReply(t, c.r, "PUT").wantError(t, 400, errcode.IncompleteBody)
	if c := f.only(t, "Put"); c.body != "" {
		t.Errorf("got body %q taken for whole", c.body)
	}
}

func TestStalledBody(t *testing.T) {
	srv := newTest(t, &fake{}, func(c *Config) { c.Limits.Idle = 20 * time.Millisecond })
	for _, target := range []string{"PUT /b/k", "POST /b/k?uploadId=u"} {
		c := dial(t, srv)
		io.WriteString(c, target+" HTTP/1.1\r\n"+head+"Content-Length: 10\r\n\r\nhello")
		got := readReply(t, c.r, "PUT")
		got.wantError(t, 400, errcode.RequestTimeout)
		if _, err := c.r.ReadByte(); err != io.EOF {
			t.Errorf("%s: got %v, want the connection closed", target, err)
		}
	}
}

// A body that no handler wants, and that never comes, must not hold the
// connection.
func TestUnwantedBodyThatNeverComes(t *testing.T) {
	srv := newTest(t, &fake{}, func(c *Config) { c.Limits.Idle = 100 * time.Millisecond })
	c := dial(t, srv)
	io.WriteString(c, "DELETE /b/k HTTP/1.1\r\n"+head+"Content-Length: 10\r\n\r\nhello")
	if got := readReply(t, c.r, "DELETE"); got.status != 204 {
		t.Errorf("got %+v", got)
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("got %v, want the connection closed", err)
	}
}

// The deadline of a body must not outlive it: it would end the request's
// context while the domain still works.
func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	const idle = 30 * time.Millisecond
	f := &fake{}
	srv := newTest(t, f, func(c *Config) { c.Limits.Idle = idle })
	f.after = func(ctx context.Context) {
		select {
		case <-ctx.Done():
			t.Error("the request's context ended with the body's deadline")
		case <-time.After(3 * idle):
		}
	}
	if got := do(t, srv, "PUT", "/b/k", "hello"); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

func TestChunkedBody(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	body := "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
	got := do(t, srv, "PUT", "/b/k", body, "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		"x-amz-decoded-content-length: 5", "x-amz-trailer: x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm: CRC32")
	if got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	c := f.only(t, "Put")
	in := c.in.(object.PutInput)
	if c.body != "hello" || in.Body.Size != 5 || in.Body.Trailer == nil || in.Body.Checksum.Algorithm != "CRC32" {
		t.Errorf("got %+v", c)
	}
	for _, c := range []struct {
		body    string
		headers []string
		status  int
		code    errcode.Code
	}{
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32", "x-amz-decoded-content-length: x"}, 411, errcode.MissingContentLength},
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32", "x-amz-decoded-content-length: 6"}, 400, errcode.IncompleteBody},
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32, x-amz-checksum-sha1", "x-amz-decoded-content-length: 5"}, 400, errcode.InvalidRequest},
		{body, []string{"x-amz-trailer: x-amz-meta-a", "x-amz-decoded-content-length: 5"}, 400, errcode.InvalidRequest},
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32", "x-amz-checksum-crc32: NhCmhg==", "x-amz-decoded-content-length: 5"}, 400, errcode.InvalidRequest},
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm: SHA1", "x-amz-decoded-content-length: 5"}, 400, errcode.InvalidRequest},
		{body, []string{"x-amz-trailer: x-amz-checksum-crc32c", "x-amz-decoded-content-length: 5"}, 400, errcode.MalformedTrailer},
		{strings.Replace(body, "NhCmhg==", "!", 1), []string{"x-amz-trailer: x-amz-checksum-crc32", "x-amz-decoded-content-length: 5"}, 400, errcode.InvalidRequest},
		{body, []string{"x-amz-decoded-content-length: 5368709121"}, 400, errcode.EntityTooLarge},
	} {
		headers := append([]string{"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, c.headers...)
		got := do(t, srv, "PUT", "/b/k", c.body, headers...)
		if got.status != c.status || got.code() != string(c.code) {
			t.Errorf("%v: got %d %s, want %d %s", c.headers, got.status, got.body, c.status, c.code)
		}
	}
	do(t, srv, "PUT", "/b?tagging", body, "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER").wantError(t, 400, errcode.InvalidRequest)
}

// signed makes every request one whose payload is signed with sum.
type signed struct{ sum [32]byte }

func (s signed) Verify(*http.Request) (*sigv4.Identity, error) {
	return &sigv4.Identity{Principal: sigv4.Principal{ID: owner}, AccessKey: "AK", Payload: sigv4.Signed, SHA256: s.sum}, nil
}

func (s signed) VerifyForm(sigv4.Form) (*sigv4.Identity, error) { return s.Verify(nil) }

func TestSignedPayload(t *testing.T) {
	f := &fake{}
	doc := `<Delete><Object><Key>k</Key></Object></Delete>`
	srv := newTest(t, f, func(c *Config) { c.Auth = signed{sha256.Sum256([]byte(doc))} })
	if got := doXML(t, srv, "POST", "/b?delete", doc); got.status != 200 {
		t.Errorf("got %+v", got)
	}
	doXML(t, srv, "POST", "/b?delete", doc+" ").wantError(t, 400, errcode.XAmzContentSHA256Mismatch)
	do(t, srv, "PUT", "/b/k", "x")
	if in := f.calls[1].in.(object.PutInput); len(in.Body.SHA256) != 32 {
		t.Errorf("got %+v, want the hash handed on", in.Body)
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "POST", "/b?delete", "", fmt.Sprintf("Content-Length: %d", maxXML+1)).wantError(t, 400, errcode.MaxMessageLengthExceeded)
	chunk := strings.Repeat(" ", 1<<16)
	var b strings.Builder
	for range maxXML>>16 + 1 {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
	}
	b.WriteString("0\r\n\r\n")
	do(t, srv, "POST", "/b?delete", b.String(), "Transfer-Encoding: chunked").wantError(t, 400, errcode.MaxMessageLengthExceeded)
	doc := `<Delete><Object><Key>k</Key></Object></Delete>`
	got := do(t, srv, "POST", "/b?delete", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(doc), doc), "Transfer-Encoding: chunked", crcHeader(doc))
	if got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	f := &fake{}
	entered, release := make(chan struct{}), make(chan struct{})
	var calls atomic.Int32
	f.hook = func(context.Context) {
		if calls.Add(1) == 1 {
			close(entered)
			<-release
		}
	}
	srv := newTest(t, f, func(c *Config) { c.Limits.InFlight = 100 })
	done := make(chan reply)
	go func() { done <- do(t, srv, "PUT", "/b/k", strings.Repeat("x", 80)) }()
	<-entered
	do(t, srv, "PUT", "/b/k", strings.Repeat("x", 80)).wantError(t, 503, errcode.SlowDown)
	if got := do(t, srv, "PUT", "/b/k", "x"); got.status != 200 {
		t.Errorf("got %+v, want what fits to pass", got)
	}
	close(release)
	if got := <-done; got.status != 200 {
		t.Errorf("got %+v", got)
	}
	if got := do(t, srv, "PUT", "/b/k", strings.Repeat("x", 80)); got.status != 200 {
		t.Errorf("got %+v, want the memory given back", got)
	}
}

func TestAuthentication(t *testing.T) {
	f := &fake{}
	f.bucket.Access.Ownership = object.BucketOwnerEnforced
	srv := newTest(t, f)
	send(t, srv, "GET", "/b/k", "").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "GET", "/b/k", "", "User: -").wantError(t, 403, errcode.SignatureDoesNotMatch)
	send(t, srv, "GET", "/b/k?policy", "").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "PUT", "/b/k?foo", "").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "PUT", "/b/k", "", "Content-Length: 9999999999").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "OPTIONS", "/b/k", "").wantError(t, 400, errcode.BadRequest)
	for _, c := range f.calls {
		if c.method != "Find" {
			t.Errorf("the domain was asked: %+v", c)
		}
	}
	f.bucket.Access.Ownership, f.calls = object.ObjectWriter, nil
	send(t, srv, "GET", "/b?policy", "").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "GET", "/b?location", "").wantError(t, 403, errcode.AccessDenied)
	if got := send(t, srv, "HEAD", "/b/k", ""); got.status != 200 || f.calls[len(f.calls)-1].method != "Head" {
		t.Errorf("got %d and calls %+v, want the domain to decide", got.status, f.calls)
	}
}

// 100-continue is sent when the body is first read, so a refused request's
// client gets the final status and no 100.
func TestContinue(t *testing.T) {
	f := &fake{}
	f.bucket.Access.Ownership = object.BucketOwnerEnforced
	srv := newTest(t, f)
	c := dial(t, srv)
	io.WriteString(c, "PUT /b/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	readReply(t, c.r, "PUT").wantError(t, 403, errcode.AccessDenied)
	c = dial(t, srv)
	io.WriteString(c, "PUT /b/k HTTP/1.1\r\n"+head+"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if line, _ := c.r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q", line)
	}
	c.r.ReadString('\n')
	io.WriteString(c, "hello")
	if got := readReply(t, c.r, "PUT"); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

func TestConnectionAfterAnError(t *testing.T) {
	f := &fake{err: &errcode.Error{Code: errcode.NoSuchBucket}}
	srv := newTest(t, f)
	c := dial(t, srv)
	// A small rest is read, and the connection lives on.
	for range 2 {
		io.WriteString(c, "PUT /b/k?restore HTTP/1.1\r\n"+head+"Content-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000))
		readReply(t, c.r, "PUT").wantError(t, 501, errcode.NotImplemented)
	}
	io.WriteString(c, "GET /b/k HTTP/1.1\r\n"+head+"\r\n")
	readReply(t, c.r, "GET").wantError(t, 404, errcode.NoSuchBucket)
	// A large one is not.
	io.WriteString(c, "PUT /b/k?restore HTTP/1.1\r\n"+head+"Content-Length: 10000000\r\n\r\n"+strings.Repeat("x", 300_000))
	got := readReply(t, c.r, "PUT")
	got.wantError(t, 501, errcode.NotImplemented)
	if !got.close {
		t.Errorf("got %v, want Connection: close", got.header)
	}
}

func TestChunkedTransferEndsTheConnection(t *testing.T) {
	srv := newTest(t, &fake{})
	c := dial(t, srv)
	io.WriteString(c, "PUT /b/k HTTP/1.1\r\n"+head+"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
	got := readReply(t, c.r, "PUT")
	got.wantError(t, 411, errcode.MissingContentLength)
	if !got.close {
		t.Errorf("got %v, want Connection: close", got.header)
	}
}

func TestHeaderLimit(t *testing.T) {
	srv := newTest(t, &fake{})
	pad := func(n int) string { return "X-Pad: " + strings.Repeat("x", n) }
	if got := do(t, srv, "GET", "/b", "", pad(7800)); got.status != 200 {
		t.Errorf("got %+v", got)
	}
	for _, n := range []int{8200, 15000, 40000} {
		got := do(t, srv, "GET", "/b", "", pad(n))
		got.wantError(t, 400, errcode.RequestHeaderSectionTooLarge)
	}
}

func TestPanic(t *testing.T) {
	f := &fake{hook: func(context.Context) { panic("boom") }}
	var log bytes.Buffer
	srv := newTest(t, f, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	got := do(t, srv, "GET", "/b/k", "")
	got.wantError(t, 500, errcode.InternalError)
	srv.Close()
	if id := got.header.Get("x-amz-request-id"); !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "boom") || strings.Contains(got.body, "boom") {
		t.Errorf("got %s and log %s", got.body, log.String())
	}
}

func TestLogAndMetrics(t *testing.T) {
	f := &fake{body: "hello", get: object.GetResult{Length: 5, Version: object.Version{Size: 5}}}
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	srv := newTest(t, f, func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.Metrics = reg
	})
	got := do(t, srv, "GET", "/b/a%20b", "")
	do(t, srv, "PUT", "/b/k", "body")
	do(t, srv, "BREW", "/b/k", "")
	do(t, srv, "GET", "/%zz", "")
	srv.Close()
	for _, want := range []string{"request_id=" + got.header.Get("x-amz-request-id"), "operation=GetObject", `key="a b"`, "status=200", "sent=5", "received=4", "code=MethodNotAllowed", "code=InvalidURI"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is missing in\n%s", want, log.String())
		}
	}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`bleepstore_http_requests_total{operation="GetObject",status="200"} 1`,
		`bleepstore_http_requests_total{operation="PutObject",status="200"} 1`,
		`bleepstore_http_requests_total{operation="unknown",status="400"} 1`,
		`bleepstore_http_requests_total{operation="unknown",status="405"} 1`,
		`bleepstore_http_request_duration_seconds_count{operation="GetObject"} 1`,
		"bleepstore_http_received_bytes_total 4",
	} {
		if !strings.Contains(page.Body.String(), want+"\n") {
			t.Errorf("%s is missing in\n%s", want, page.Body)
		}
	}
	if _, err := New(Config{Rand: bytes.NewReader(make([]byte, 64)), Metrics: reg}); err == nil {
		t.Error("a second edge in one registry was accepted")
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	ids, err := newIDSource(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 1000 {
		id := ids.next()
		if len(id) != 16 || strings.ToUpper(id) != id || seen[id] {
			t.Fatalf("got id %q", id)
		}
		seen[id] = true
	}
	if _, err := newIDSource(strings.NewReader("short")); err == nil {
		t.Error("a source without enough randomness was accepted")
	}
}

func TestChecksumNames(t *testing.T) {
	for _, a := range checksum.All() {
		if d := cmp.Diff([]string{a.Header(), a.Element()}, []string{checksumName(string(a)), checksumElement(string(a))}); d != "" {
			t.Error(d)
		}
	}
}
