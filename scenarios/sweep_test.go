package scenarios_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	. "bleepstore/scenarios"
)

func TestNothingIsLeftBehind(t *testing.T) {
	ses := foreign(t, nil)
	got := run(t, ses, Must, func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, key := range []string{"plain", "a b+c%2B", "control\x01", "\xff\xfe", "a//b/../c", "é/🙂"} {
			s.MustPut(ctx, b, key, "v")
		}
		// A name that the SDK's client would treat as another service's.
		s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: s.InvalidName(s.AbsentBucket() + "--x-s3")})).To(OK())
		s.VersionedBucket(ctx)
	})
	if got.Verdict != Pass {
		t.Fatalf("%s %s", got.Verdict, got.Reason)
	}
	if left := ses.Ledger.Owned(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSweepEnds: a server whose pages never end, or that lists a new version
// behind each deletion, must not keep the clean-up.
func TestSweepEnds(t *testing.T) {
	for name, version := range map[string]string{"the same page": "v", "a new version": "v%d"} {
		t.Run(name, func(t *testing.T) { testSweepEnds(t, version) })
	}
}

func testSweepEnds(t *testing.T, version string) {
	var lists atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodDelete && strings.Count(r.URL.Path, "/") == 1:
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, "<Error><Code>BucketNotEmpty</Code></Error>")
		case r.Method == http.MethodGet:
			n := lists.Add(1)
			if n > 100 { // rather a failing test than one that never ends
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			id := strings.ReplaceAll(version, "%d", fmt.Sprint(n))
			fmt.Fprintf(w, `<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>%d</NextKeyMarker>
				<Version><Key>k</Key><VersionId>%s</VersionId></Version></ListVersionsResult>`, n, id)
		default:
			w.WriteHeader(http.StatusOK)
		}
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ses := foreign(t, func(target *Target) { target.Endpoints = []*url.URL{u} })
	if err := ses.Ledger.Own("bleep-x-1"); err != nil {
		t.Fatal(err)
	}
	if err := ses.Remove(t.Context(), "bleep-x-1"); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("got %v, want the server's 409", err)
	}
	if n := lists.Load(); n > 50 {
		t.Errorf("%d listings of a bucket that never becomes empty", n)
	}
}

// TestSweepOfADeadServer: where nobody answers, one request tells, so that a
// server which dies under a run does not cost minutes of retries.
func TestSweepOfADeadServer(t *testing.T) {
	var requests atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests.Add(1)
		panic(http.ErrAbortHandler) // the connection is cut without an answer
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ses := foreign(t, func(target *Target) { target.Endpoints = []*url.URL{u} })
	if err := ses.Ledger.Own("bleep-x-1"); err != nil {
		t.Fatal(err)
	}
	if err := ses.Remove(t.Context(), "bleep-x-1"); err == nil {
		t.Error("removed a bucket of a server that does not answer")
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests to a server that does not answer, want 1", n)
	}
	if left := ses.Ledger.Owned(); len(left) != 1 {
		t.Errorf("the ledger holds %v, want the bucket", left)
	}
}
