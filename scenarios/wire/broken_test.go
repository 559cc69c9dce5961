package wire

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	. "bleepstore/scenarios"
)

// broken runs the scenarios of broken connections against a server that nobody
// here wrote, behind a door that may spoil it.
func broken(t *testing.T, secure bool, door func(http.Handler) http.HandlerFunc) map[string]Verdict {
	t.Helper()
	srv := httptest.NewUnstartedServer(door(gofakes3.New(s3mem.New()).Server()))
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := NewLedger("", LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	ses := NewSession(Target{Endpoints: []*url.URL{u, u}, Main: Keys{Access: "a", Secret: "b"}, Region: "us-east-1", Addressing: PathStyle,
		TLS: &tls.Config{InsecureSkipVerify: true}, Timeout: 10 * time.Second, Settle: time.Second, Seed: 1}, ledger)
	t.Cleanup(ses.Close)
	got := map[string]Verdict{}
	for _, sc := range All() {
		if strings.HasPrefix(sc.ID, "wire.broken.") || strings.HasPrefix(sc.ID, "wire.unheard.") {
			res := ses.Run(t.Context(), sc, time.Minute)
			got[strings.TrimPrefix(sc.ID, "wire.")] = res.Verdict
			t.Logf("%s: %s %s", sc.ID, res.Verdict, res.Reason)
		}
	}
	return got
}

// Each rule of broken connections finds the server that breaks it, and none finds
// fault with one that keeps them.
func TestBrokenConnections(t *testing.T) {
	honest := func(inner http.Handler) http.HandlerFunc { return inner.ServeHTTP }
	keepsHalves := func(inner http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if at := bytes.LastIndex(body, []byte("</Key></Object>")); err != nil && at > 0 {
				body = append(body[:at:at], "</Key></Object></Delete>"...) // takes a document for whole
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			inner.ServeHTTP(w, r)
		}
	}
	forgets := func(inner http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if w.Header().Set("Etag", `"e"`); r.Header.Get("User-Agent") != "" || r.Method == http.MethodGet {
				inner.ServeHTTP(w, r) // who is no raw client is told the truth
			}
		}
	}
	for name, tt := range map[string]struct {
		secure bool
		door   func(http.Handler) http.HandlerFunc
		finds  []string
	}{
		"honest":           {false, honest, nil},
		"honest, over TLS": {true, honest, nil},
		"keeps halves":     {false, keepsHalves, []string{"broken.put", "broken.part", "broken.delete-objects"}},
		"forgets":          {false, forgets, []string{"unheard.put", "unheard.copy", "unheard.delete", "unheard.delete-objects"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := broken(t, tt.secure, tt.door)
			if len(got) != 11 {
				t.Errorf("%d scenarios, want 11", len(got))
			}
			want := map[string]bool{}
			for _, id := range tt.finds {
				want[id] = true
			}
			for id, v := range got {
				if want[id] && v != Silent || tt.finds == nil && v != Pass {
					t.Errorf("%s: %s", id, v)
				}
			}
		})
	}
}
