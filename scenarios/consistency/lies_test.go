package consistency

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/scenarios"
)

// A liar is a server that nobody here wrote, one request at a time, which now and
// then does not tell the truth. lie may answer in its stead.
type liar struct {
	mu    sync.Mutex
	inner http.Handler
	rand  *rand.Rand
	lie   func(l *liar, w http.ResponseWriter, r *http.Request) bool
	old   map[string]*httptest.ResponseRecorder
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lie == nil || !l.ofWorkload(r) || !l.lie(l, w, r) {
		l.inner.ServeHTTP(w, r)
	}
}

// ofWorkload spares the bucket's creation, the probe and the clean-up.
func (l *liar) ofWorkload(r *http.Request) bool {
	at := r.URL.Path + "?" + r.URL.RawQuery
	return strings.Contains(at, "0000") || strings.Contains(at, "list-set")
}

// seldom is true once in n times.
func (l *liar) seldom(n int) bool { return l.rand.IntN(n) == 0 }

// ask is what the server itself answers.
func (l *liar) ask(r *http.Request) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	l.inner.ServeHTTP(a, r)
	return a
}

func pass(w http.ResponseWriter, a *httptest.ResponseRecorder, body []byte) {
	for name, v := range a.Header() {
		w.Header()[name] = v
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(a.Code)
	_, _ = w.Write(body)
}

func found(t *testing.T, w Workload, lie func(*liar, http.ResponseWriter, *http.Request) bool) (check.Workload, error) {
	t.Helper()
	l := &liar{inner: gofakes3.New(s3mem.New()).Server(), rand: rand.New(rand.NewPCG(1, 2)), lie: lie, old: map[string]*httptest.ResponseRecorder{}}
	rec := history.NewRecorder(nil)
	var told history.Workload
	var err error
	res := session(t, l.ServeHTTP).Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
		told, err = w.Run(ctx, s, rec, Options{Duration: 20 * time.Second, Requests: 1500})
	}}, time.Minute)
	if res.Verdict != scenarios.Pass {
		t.Fatalf("%s: %s %s", w.Name, res.Verdict, res.Reason)
	}
	h, herr := rec.History(history.Header{Workloads: []history.Workload{told}})
	if herr != nil {
		t.Fatal(herr)
	}
	v, cerr := check.Check(t.Context(), h, check.Options{MinRate: -1})
	if cerr != nil {
		t.Fatal(cerr)
	}
	return v.Workloads[0], err
}

// Lies about each workload, and what they break. A workload that finds no lie is
// no test.
func TestLiesAreFound(t *testing.T) {
	entry := regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)
	stale := func(l *liar, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.RawQuery != "" || r.Header.Get("Range") != "" {
			return false
		}
		if old := l.old[r.URL.Path]; old != nil && l.seldom(10) {
			pass(w, old, old.Body.Bytes())
			return true
		}
		a := l.ask(r)
		if l.old[r.URL.Path] == nil {
			l.old[r.URL.Path] = a
		}
		pass(w, a, a.Body.Bytes())
		return true
	}
	forgotten := func(method string, n int) func(*liar, http.ResponseWriter, *http.Request) bool {
		return func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if r.Method != method || r.URL.RawQuery != "" || !l.seldom(n) {
				return false
			}
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("ETag", quoted(digest(body)))
			w.WriteHeader(map[string]int{http.MethodDelete: 204}[method] | 200)
			return true
		}
	}
	for name, tc := range map[string]struct {
		w   Workload
		lie func(*liar, http.ResponseWriter, *http.Request) bool
	}{
		"a stale read":         {register, stale},
		"a write forgotten":    {register, forgotten(http.MethodPut, 4)},
		"a deletion forgotten": {deletes, forgotten(http.MethodDelete, 2)}, // a read of it must fall between two writes,
		"an append to stale data": {appends, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if l.seldom(20) {
				r.Header.Del("If-Match")
			}
			return stale(l, w, r)
		}},
		"two winners": {elect, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if l.seldom(50) {
				r.Header.Del("If-None-Match")
			}
			return false
		}},
		"refused, and done": {cas, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || !l.seldom(30) {
				return false
			}
			r.Header.Del("If-Match")
			r.Header.Del("If-None-Match")
			l.ask(r)
			w.WriteHeader(412)
			_, _ = io.WriteString(w, "<Error><Code>PreconditionFailed</Code></Error>")
			return true
		}},
		"half of another": {torn, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || r.Header.Get("Range") != "" {
				return false
			}
			a := l.ask(r)
			body := bytes.Clone(a.Body.Bytes())
			if old := l.old[r.URL.Path]; old != nil && a.Code == 200 && l.seldom(10) {
				copy(body[len(body)/2:], old.Body.Bytes()[min(old.Body.Len(), len(body)/2):])
			}
			l.old[r.URL.Path] = a
			pass(w, a, body)
			return true
		}},
		"a page that forgets": {listAtomic, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if !r.URL.Query().Has("list-type") || !l.seldom(10) {
				return false
			}
			a := l.ask(r)
			text := a.Body.String()
			pass(w, a, []byte(strings.Replace(text, entry.FindString(text), "", 1)))
			return true
		}},
		"an entry twice": {listPages, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if !r.URL.Query().Has("list-type") || !l.seldom(10) {
				return false
			}
			a := l.ask(r)
			first := entry.FindString(a.Body.String())
			pass(w, a, []byte(strings.Replace(a.Body.String(), first, first+first, 1)))
			return true
		}},
		"a set that shrinks": {listSet, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			if !r.URL.Query().Has("list-type") || !l.seldom(3) {
				return false
			}
			a := l.ask(r)
			text := a.Body.String()
			pass(w, a, []byte(strings.Replace(text, entry.FindString(text), "", 1)))
			return true
		}},
		"a copy forgotten": {copies, func(l *liar, w http.ResponseWriter, r *http.Request) bool {
			source := r.Header.Get("x-amz-copy-source")
			if source == "" || !l.seldom(3) {
				return false
			}
			a := l.ask(httptest.NewRequest(http.MethodHead, source, nil))
			if a.Code != 200 {
				return false
			}
			fmt.Fprintf(w, `<CopyObjectResult><ETag>%s</ETag></CopyObjectResult>`, a.Header().Get("ETag"))
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := found(t, tc.w, tc.lie)
			if err != nil {
				t.Fatal(err)
			}
			if v.Level >= model.Raw || len(v.Violations) == 0 || v.Violations[0].Breaks != model.Raw {
				t.Errorf("%s is %s of %s after %d operations: the lie was not found", v.Name, v.Level, v.Top, v.Ops)
			}
		})
	}
}

// The same server without the lies keeps all that is asked of it, but for what it
// leaves out by itself: it deletes, and reads, whatever If-Match says.
func TestNoFalseAlarm(t *testing.T) {
	for _, w := range []Workload{register, cas, elect, appends, listAtomic, listPages, listSet, deletes, copies} {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			v, err := found(t, w, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := v.Top
			if w.Name == "cas" {
				want = model.Register
			}
			if v.Level != want || v.Inconclusive != "" {
				t.Errorf("%s of %s %s %+v", v.Level, v.Top, v.Inconclusive, v.Violations)
			}
		})
	}
}

func newFake() http.Handler { return gofakes3.New(s3mem.New()).Server() }
