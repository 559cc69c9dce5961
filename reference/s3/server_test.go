package s3

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// What net/http refuses before the handler sees it is answered as S3 answers.
func TestRefusedBeforeTheHandler(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	for name, c := range map[string]struct {
		raw    string
		status int
		code   errcode.Code
	}{
		"bad escape":         {"GET /b/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, errcode.InvalidURI},
		"cut escape":         {"PUT /b/%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, errcode.InvalidURI},
		"control character":  {"GET /b/\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400, errcode.InvalidURI},
		"space in target":    {"GET /b/a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, errcode.BadRequest},
		"no host":            {"GET /b HTTP/1.1\r\n\r\n", 400, errcode.BadRequest},
		"two hosts":          {"GET /b HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, errcode.BadRequest},
		"space before colon": {"GET /b HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400, errcode.BadRequest},
		"no number":          {"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n", 400, errcode.BadRequest},
		"negative length":    {"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, errcode.BadRequest},
		"two lengths":        {"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, errcode.BadRequest},
		"transfer coding":    {"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, errcode.NotImplemented},
		"protocol":           {"GET /b HTTP/3.0\r\nHost: x\r\n\r\n", 505, errcode.BadRequest},
		"no request":         {"hello\r\n\r\n", 400, errcode.BadRequest},
		"huge head":          {"GET /b HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 400, errcode.RequestHeaderSectionTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			got := wire(t, srv, "GET", c.raw)
			got.wantError(t, c.status, c.code)
			if !got.close {
				t.Errorf("got %v, want Connection: close", got.header)
			}
		})
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	if got := wire(t, srv, "HEAD", "HEAD /b/%zz HTTP/1.1\r\nHost: x\r\n\r\n"); got.status != 400 || got.body != "" {
		t.Errorf("HEAD: got %+v", got)
	}
}

// An object's bytes may look like a refusal; they must pass.
func TestBodiesThatLookLikeRefusals(t *testing.T) {
	const text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
	body := strings.Repeat(text, 10_000)
	f := &fake{body: body, get: object.GetResult{Length: int64(len(body)), Version: object.Version{Size: int64(len(body))}}}
	srv := newTest(t, f)
	c := dial(t, srv)
	for range 3 {
		io.WriteString(c, "GET /b/k HTTP/1.1\r\n"+head+"\r\n")
		if got := readReply(t, c.r, "GET"); got.status != 200 || got.body != body {
			t.Fatalf("got %d and %d bytes, want 200 and %d", got.status, len(got.body), len(body))
		}
	}
	// The watch is on again between requests.
	io.WriteString(c, "GET /%zz HTTP/1.1\r\n\r\n")
	readReply(t, c.r, "GET").wantError(t, 400, errcode.InvalidURI)
}

func TestOptionsStar(t *testing.T) {
	send(t, newTest(t, &fake{}), "OPTIONS", "*", "").wantError(t, 405, errcode.MethodNotAllowed)
}

// A client that does not read is cut off, and so is one that reads for ever.
func TestStalledReader(t *testing.T) {
	for name, limits := range map[string]Limits{
		"idle":     {Idle: 50 * time.Millisecond},
		"download": {Download: 50 * time.Millisecond},
	} {
		size := int64(1 << 40)
		f := &fake{reader: io.NopCloser(endless{}), get: object.GetResult{Length: size, Version: object.Version{Size: size}}}
		srv := newTest(t, f, func(c *Config) { c.Limits = limits })
		c := dial(t, srv)
		io.WriteString(c, "GET /b/k HTTP/1.1\r\n"+head+"\r\n")
		if line, err := c.r.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
			t.Fatalf("%s: got %q %v", name, line, err)
		}
		srv.Close() // waits for the handler, which nothing but its deadline ends
		if n, err := io.Copy(io.Discard, c.r); n >= size {
			t.Errorf("%s: got %d bytes, %v, want an early end", name, n, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestPipelining(t *testing.T) {
	f := &fake{get: object.GetResult{Version: object.Version{ETag: "e"}}}
	srv := newTest(t, f)
	c := dial(t, srv)
	io.WriteString(c, "PUT /b/k HTTP/1.1\r\n"+head+"Content-Length: 5\r\n\r\nhello"+
		"GET /b/k HTTP/1.1\r\n"+head+"\r\nBREW /b/k HTTP/1.1\r\n"+head+"\r\nDELETE /b/k HTTP/1.1\r\n"+head+"\r\n")
	for _, want := range []int{200, 200, 405, 204} {
		if got := readReply(t, c.r, "GET"); got.status != want {
			t.Fatalf("got %d, want %d", got.status, want)
		}
	}
}

func TestTLS(t *testing.T) {
	f := &fake{put: object.PutResult{Version: object.Version{ETag: "e"}}}
	h, err := New(testConfig(f))
	if err != nil {
		t.Fatal(err)
	}
	// httptest knows how to make a certificate, but would put TLS around the
	// listener; here the listener goes around TLS.
	cert := httptest.NewTLSServer(nil)
	defer cert.Close()
	srv := httptest.NewUnstartedServer(nil)
	srv.Listener = h.Listener(tls.NewListener(srv.Listener, &tls.Config{Certificates: cert.TLS.Certificates}))
	srv.Config = h.NewServer()
	srv.Start()
	defer srv.Close()
	pool := x509.NewCertPool()
	pool.AddCert(cert.Certificate())
	dialTLS := func() conn {
		raw := dial(t, srv)
		c := tls.Client(raw.Conn, &tls.Config{RootCAs: pool, ServerName: "example.com"})
		return newConn(c)
	}
	c := dialTLS()
	doc := `<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`
	io.WriteString(c, "POST /b/k?uploadId=u HTTP/1.1\r\n"+head+"Content-Length: "+itoa(len(doc))+"\r\n\r\n"+doc)
	if got := readReply(t, c.r, "POST"); got.status != 200 || !strings.Contains(got.body, "<Location>https://x/b/k<") {
		t.Errorf("got %+v", got)
	}
	c = dialTLS()
	io.WriteString(c, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n")
	readReply(t, c.r, "GET").wantError(t, 400, errcode.InvalidURI)
}

func TestVirtualHosts(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f, func(c *Config) {
		c.Endpoint = "store.test:9000"
		c.BaseDomains = []string{"s3.example.com"}
	})
	for _, host := range []string{"b.store.test:9000", "b.s3.example.com", "b.localhost:1"} {
		f.calls = nil
		do(t, srv, "PUT", "/x/y//z", "", "Host: "+host)
		if in := f.only(t, "Put").in.(object.PutInput); in.Bucket != "b" || in.Key != "x/y//z" {
			t.Errorf("%s: got %q %q", host, in.Bucket, in.Key)
		}
	}
	f.calls = nil
	do(t, srv, "PUT", "/x/y", "", "Host: store.test")
	if in := f.only(t, "Put").in.(object.PutInput); in.Bucket != "x" || in.Key != "y" {
		t.Errorf("got %q %q, want path style", in.Bucket, in.Key)
	}
}

func TestServerLogsThroughSlog(t *testing.T) {
	var b bytes.Buffer
	cfg := testConfig(&fake{})
	cfg.Log = slog.New(slog.NewTextHandler(&b, nil))
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.NewServer().ErrorLog.Print("net/http says")
	if !strings.Contains(b.String(), `msg="net/http says"`) {
		t.Errorf("got %s", b.String())
	}
}
