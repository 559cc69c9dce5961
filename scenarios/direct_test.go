package scenarios_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "bleepstore/scenarios"
)

// What does not belong to the run is refused before it is sent, however the
// request names it.
func TestDirectIsGuarded(t *testing.T) {
	var got atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/bleep-") && !strings.HasPrefix(r.Host, "bleep-") {
			got.Add(1)
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, style := range []Addressing{PathStyle, VirtualStyle} {
		ses := foreign(t, func(target *Target) { target.Endpoints, target.Addressing = []*url.URL{u}, style })
		res := run(t, ses, Must, func(ctx context.Context, s *S) {
			mine, d := s.NewName(), NewDirect(s)
			for name, tc := range map[string]struct {
				bucket, source string
				edit           func(*http.Request)
				admitted       bool
			}{
				"its own":           {bucket: mine, admitted: true},
				"another bucket":    {bucket: "theirs"},
				"another source":    {bucket: mine, source: "/theirs/k"},
				"its own source":    {bucket: mine, source: "/" + mine + "/k", admitted: true},
				"a path that leads": {bucket: mine + "/../theirs"},
				"another host":      {bucket: mine, edit: func(r *http.Request) { r.URL.Host = "192.0.2.1" }},
				"an opaque address": {bucket: mine, edit: func(r *http.Request) { r.URL.Opaque = "//" + u.Host + "/theirs/k" }},
			} {
				req, err := d.Request(ctx, 0, http.MethodPut, tc.bucket, "k", "")
				if err != nil {
					t.Fatal(err)
				}
				if tc.source != "" {
					req.Header.Set("x-amz-copy-source", tc.source)
				}
				if tc.edit != nil {
					tc.edit(req)
				}
				resp, err := d.RoundTrip(req)
				if err == nil {
					resp.Body.Close()
				}
				_, unsent := errors.AsType[*NotSent](err)
				if tc.admitted != (err == nil) || !tc.admitted && (!unsent || !errors.Is(err, ErrGuard)) {
					t.Errorf("%s, %s: got %v, want admitted %v", style, name, err, tc.admitted)
				}
			}
		})
		if res.Verdict != Pass {
			t.Errorf("%s: %s %s", style, res.Verdict, res.Reason)
		}
	}
	if n := got.Load(); n > 0 {
		t.Errorf("%d requests reached what is not the run's", n)
	}
}

// Direct keeps to the pace, and a request that had to wait too long was not sent.
func TestDirectKeepsThePace(t *testing.T) {
	ses := foreign(t, func(target *Target) {
		target.Pace = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	})
	run(t, ses, Must, func(ctx context.Context, s *S) {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		d := NewDirect(s)
		req, err := d.Request(ctx, 0, http.MethodGet, s.NewName(), "k", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.RoundTrip(req)
		if _, unsent := errors.AsType[*NotSent](err); !unsent {
			t.Errorf("got %v, want that it was not sent", err)
		}
	})
}

// The end of an answer must be known, or it may be half of one.
func TestReadAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buf.WriteString(map[string]string{
			"/whole":   "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
			"/chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
			"/short":   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
			"/cut":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
			"/open":    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody",
		}[r.URL.Path])
		_ = buf.Flush()
	}))
	defer srv.Close()
	for path, whole := range map[string]bool{"/whole": true, "/chunked": true, "/short": false, "/cut": false, "/open": false} {
		resp, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := ReadAnswer(resp, make([]byte, 2))
		if whole && (err != nil || string(body) != "body") || !whole && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %q, %v", path, body, err)
		}
	}
}
