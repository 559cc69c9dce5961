package consistency

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault/sim/simnet"
	"bleepstore/scenarios"
)

// TestSlowServer: a server whose answers take six seconds shows enough for a verdict.
func TestSlowServer(t *testing.T) {
	fake := newFake()
	late := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(6 * time.Second)
		fake.ServeHTTP(w, r)
	}
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1) // no socket would let the bubble's clock run
		l, err := n.Listen("server", "server:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: http.HandlerFunc(late)}
		go func() { _ = srv.Serve(l) }()
		defer srv.Close()
		ledger, err := scenarios.NewLedger("", scenarios.LedgerEntry{})
		if err != nil {
			t.Fatal(err)
		}
		ses := scenarios.NewSession(scenarios.Target{Endpoints: []*url.URL{{Scheme: "http", Host: "server"}}, Main: scenarios.Keys{Access: "a", Secret: "b"},
			Region: "us-east-1", Addressing: scenarios.PathStyle, Timeout: 30 * time.Second, Settle: 10 * time.Second, Seed: 1, Consistency: time.Second, Leave: true,
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) { return n.Dial(ctx, "client", addr) }}, ledger)
		defer ses.Close()
		if res := ses.Run(t.Context(), inSuite(torn), time.Second+3*time.Minute); res.Verdict != scenarios.Silent { // it ignores conditions
			t.Errorf("got %s %q, want what a fast server gets; %v", res.Verdict, res.Reason, res.Observations)
		}
	})
}
