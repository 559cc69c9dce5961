package consistency

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/scenarios"
)

// Each workload can be judged: its model is known, its bounds are kept, and it is
// found by its name.
func TestWorkloads(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Workloads() {
		if len(model.Ladder(w.Model)) == 0 {
			t.Errorf("%s: no model is called %q", w.Name, w.Model)
		}
		if seen[w.Name] || w.Wear < 5*maxHolders || w.Wear > maxWear || w.Clients < 1 || (w.Drive == nil) == (w.Moves == nil) {
			t.Errorf("%s: %+v", w.Name, w)
		}
		seen[w.Name] = true
		if found := Find(w.chosenBy()); !slices.ContainsFunc(found, func(f Workload) bool { return f.Name == w.Name }) {
			t.Errorf("%s is not found by %q", w.Name, w.chosenBy())
		}
	}
	want := []string{"register", "cas", "elect", "append", "list", "versions", "locked", "mpu", "copy", "delete", "tags"}
	if d := cmp.Diff(want, Names()); d != "" {
		t.Error(d)
	}
	if found := Find("regis"); len(found) > 0 {
		t.Errorf("found %d by half a name", len(found))
	}
}

// However many clients there are, no key has more than maxHolders at a time, and
// those that are worn are replaced.
func TestPool(t *testing.T) {
	p := newPool(&Workload{Name: "w", Keys: 4, Wear: 200})
	holders := map[*holding]*atomic.Int32{}
	var mu sync.Mutex
	var clients sync.WaitGroup
	for n := range 4 * maxHolders {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		clients.Go(func() {
			for range 100 {
				h := p.take(r)
				mu.Lock()
				if holders[h] == nil {
					holders[h] = &atomic.Int32{}
				}
				count := holders[h]
				mu.Unlock()
				if n := count.Add(1); n > maxHolders {
					t.Errorf("%d clients hold %s", n, h.prefix)
				}
				for range 10 {
					if h.worn() {
						break
					}
					h.used(r.IntN(100) == 0)
				}
				count.Add(-1)
				p.leave(h)
			}
		})
	}
	clients.Wait()
	if len(p.all) < 10 {
		t.Errorf("%d holdings for 20000 operations", len(p.all))
	}
	for _, h := range p.all {
		if h.ops > 200 || h.open > maxOpen {
			t.Errorf("%s: %d operations, %d open", h.prefix, h.ops, h.open)
		}
	}
}

// A server that acts on each write and answers none in time leaves few open
// writes on a key, and each is followed by a read of a new process.
func TestUnclearWritesAreFew(t *testing.T) {
	for _, w := range Workloads() {
		if w.Versioned || w.Locked || w.Name == "list-set" {
			continue // there a key is written once, or a bucket must be configured
		}
		rec := history.NewRecorder(nil)
		var told history.Workload
		res := session(t, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			key := strings.Count(r.URL.Path, "/") > 1
			if r.Method == http.MethodHead || !strings.Contains(r.URL.Path, "0000") && !strings.Contains(r.URL.RawQuery, "delete") {
				probeAnswers(rw, r)
				return
			}
			if r.Method == http.MethodGet && key {
				rw.WriteHeader(404)
				_, _ = io.WriteString(rw, "<Error><Code>NoSuchKey</Code></Error>")
				return
			}
			rw.WriteHeader(500)
		}).Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
			var err error
			told, err = w.Run(ctx, s, rec, Options{Duration: 20 * time.Second, Requests: 600})
			s.Must(err, "run")
		}}, time.Minute)
		if res.Verdict != scenarios.Pass {
			t.Fatalf("%s: %s %s", w.Name, res.Verdict, res.Reason)
		}
		open := map[string]int{}
		for _, o := range rec.Take() {
			if o.Outcome == history.Unclear {
				open[o.Key]++
			}
		}
		for key, n := range open {
			if n > maxOpen {
				t.Errorf("%s: %d open writes of %s", told.Name, n, key)
			}
		}
		if len(open) == 0 {
			t.Errorf("%s: no unclear write was recorded", told.Name)
		}
	}
}

// probeAnswers is a server of one object, the probe's.
var probeAnswers = func() http.HandlerFunc {
	var mu sync.Mutex
	var body []byte
	var v string
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/probe") {
			v = r.Header.Get(valueHeader)
			var n uint64
			for _, d := range v {
				n = n*10 + uint64(d-'0')
			}
			body = history.Body(history.Value(n), 64)
		}
		w.Header().Set("ETag", quoted(digest(body)))
		w.Header().Set(valueHeader, v)
		if r.Method == http.MethodGet {
			_, _ = w.Write(body)
		}
	}
}()

// Over several endpoints every second client keeps to one, and the others go to
// all; every operation says where it went.
func TestEndpoints(t *testing.T) {
	var urls []*url.URL
	var hits [3]atomic.Int32
	one := http.NewServeMux()
	store := &liar{inner: one}
	for i := range hits {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "0000") {
				hits[i].Add(1)
			}
			store.ServeHTTP(w, r)
		}))
		defer srv.Close()
		u, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
	}
	one.Handle("/", newFake())
	ledger, err := scenarios.NewLedger("", scenarios.LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	ses := scenarios.NewSession(scenarios.Target{Endpoints: urls, Main: scenarios.Keys{Access: "a", Secret: "b"}, Region: "us-east-1",
		Addressing: scenarios.PathStyle, Timeout: 5 * time.Second, Settle: time.Second, Seed: 1}, ledger)
	defer ses.Close()
	rec := history.NewRecorder(nil)
	res := ses.Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
		_, err := register.Run(ctx, s, rec, Options{Duration: 20 * time.Second, Requests: 500})
		s.Must(err, "run")
	}}, time.Minute)
	if res.Verdict != scenarios.Pass {
		t.Fatalf("%s: %s", res.Verdict, res.Reason)
	}
	went := map[int]map[int]bool{}
	var count [3]int32
	for _, o := range rec.Take() {
		if went[o.Client] == nil {
			went[o.Client] = map[int]bool{}
		}
		went[o.Client][o.Endpoint] = true
		count[o.Endpoint]++
	}
	for i := range hits {
		if hits[i].Load() < count[i] || count[i] == 0 { // unclear reads are sent and not kept
			t.Errorf("endpoint %d: %d requests, %d recorded", i, hits[i].Load(), count[i])
		}
	}
	for c := range register.Clients {
		if pinned := c%2 == 0; pinned != (len(went[c]) == 1) {
			t.Errorf("client %d went to %v", c, went[c])
		}
	}
}
