package consistency

import (
	"context"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// TestNodeThatIsGone: workloads of groups get on with what they are about when
// nobody listens any more at the endpoint to which the first client keeps.
func TestNodeThatIsGone(t *testing.T) {
	for _, tc := range []struct {
		w     Workload
		about history.Kind
	}{{multipart, history.Complete}, {elect, history.Put}} {
		t.Run(tc.w.Name, func(t *testing.T) {
			t.Parallel()
			store := newFake()
			dying, other := httptest.NewServer(store), httptest.NewServer(store)
			defer other.Close()
			rec, enough := history.NewRecorder(nil), make(chan struct{})
			var gone atomic.Bool
			var after atomic.Int64
			die, end := sync.OnceFunc(func() { dying.CloseClientConnections(); dying.Close(); gone.Store(true) }), sync.OnceFunc(func() { close(enough) })
			rec.Watch(func(op *history.Op) {
				go die() // not here: it waits for requests to end
				if gone.Load() && op.Kind == tc.about && op.Outcome == history.OK && after.Add(1) >= 8 {
					end()
				}
			})
			over(t, tc.w, rec, Options{Duration: 20 * time.Second, Clients: 5, Until: enough}, dying, other)
			if after.Load() < 8 {
				t.Errorf("%d of the kind %s have succeeded since the node is gone", after.Load(), tc.about)
			}
		})
	}
}

// over runs a workload over several endpoints.
func over(t *testing.T, w Workload, rec *history.Recorder, o Options, servers ...*httptest.Server) {
	t.Helper()
	target := scenarios.Target{Main: scenarios.Keys{Access: "a", Secret: "b"}, Region: "us-east-1",
		Addressing: scenarios.PathStyle, Timeout: 5 * time.Second, Settle: time.Second, Seed: 1}
	for _, srv := range servers {
		u, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		target.Endpoints = append(target.Endpoints, u)
	}
	ledger, err := scenarios.NewLedger("", scenarios.LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	ses := scenarios.NewSession(target, ledger)
	defer ses.Close()
	res := ses.Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
		_, err := w.Run(ctx, s, rec, o)
		s.Must(err, "run")
	}}, time.Minute)
	if res.Verdict != scenarios.Pass {
		t.Fatalf("%s: %s", res.Verdict, res.Reason)
	}
}
