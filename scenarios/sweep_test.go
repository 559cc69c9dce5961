package scenarios_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
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

// A wormServer is one bucket of versions, some in governance mode and some held.
type wormServer struct {
	mu             sync.Mutex
	governed, held map[string]bool // by version
	free           map[string]bool
	requests       int
}

func (w *wormServer) remove(version string, bypass bool) bool {
	if w.held[version] || w.governed[version] && !bypass {
		return false
	}
	delete(w.governed, version)
	delete(w.free, version)
	return true
}

func (w *wormServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	q, bypass := r.URL.Query(), r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true"
	denied := func() {
		rw.WriteHeader(http.StatusForbidden)
		fmt.Fprint(rw, "<Error><Code>AccessDenied</Code></Error>")
	}
	switch {
	case q.Has("versions"):
		fmt.Fprint(rw, "<ListVersionsResult>")
		for v := range maps.Keys(w.free) {
			fmt.Fprintf(rw, "<Version><Key>k</Key><VersionId>%s</VersionId></Version>", v)
		}
		for v := range maps.Keys(w.governed) {
			fmt.Fprintf(rw, "<Version><Key>k</Key><VersionId>%s</VersionId></Version>", v)
		}
		fmt.Fprint(rw, "</ListVersionsResult>")
	case q.Has("delete"):
		var in struct{ Object []struct{ VersionId string } }
		if err := xml.NewDecoder(r.Body).Decode(&in); err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(rw, "<DeleteResult>")
		for _, o := range in.Object {
			if !w.remove(o.VersionId, bypass) {
				fmt.Fprintf(rw, "<Error><Key>k</Key><VersionId>%s</VersionId><Code>AccessDenied</Code></Error>", o.VersionId)
			}
		}
		fmt.Fprint(rw, "</DeleteResult>")
	case q.Has("legal-hold"):
		delete(w.held, q.Get("versionId"))
	case q.Has("versionId"):
		if !w.remove(q.Get("versionId"), bypass) {
			denied()
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete && strings.Count(strings.Trim(r.URL.Path, "/"), "/") == 0:
		if len(w.free)+len(w.governed) > 0 {
			rw.WriteHeader(http.StatusConflict)
			fmt.Fprint(rw, "<Error><Code>BucketNotEmpty</Code></Error>")
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	default:
		fmt.Fprint(rw, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")
	}
}

// Governance is bypassed for a page at once, and legal holds are lifted.
func TestSweepOfLocks(t *testing.T) {
	w := &wormServer{governed: map[string]bool{}, held: map[string]bool{}, free: map[string]bool{}}
	for i := range 90 {
		v := fmt.Sprint("v", i)
		w.free[v] = i%3 == 0
		w.governed[v] = i%3 > 0
	}
	maps.DeleteFunc(w.free, func(_ string, in bool) bool { return !in })
	maps.DeleteFunc(w.governed, func(_ string, in bool) bool { return !in })
	w.held["v0"], w.held["v1"] = true, true
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ses := foreign(t, func(target *Target) { target.Endpoints = []*url.URL{u} })
	if err := ses.Ledger.Own("bleep-x-1"); err != nil {
		t.Fatal(err)
	}
	if err := ses.Remove(t.Context(), "bleep-x-1"); err != nil {
		t.Error(err)
	}
	if len(w.free)+len(w.governed)+len(w.held) > 0 {
		t.Errorf("left: %v %v, held %v", w.free, w.governed, w.held)
	}
	if w.requests > 20 {
		t.Errorf("%d requests for 90 versions of which 2 are held", w.requests)
	}
}
