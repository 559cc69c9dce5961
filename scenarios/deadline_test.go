package scenarios_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"

	"bleepstore/fault/sim/simnet"
	. "bleepstore/scenarios"
)

// inBubble runs a scenario of one minute, in a bubble, against a server that does as
// answer says, and hands on what it found and how long that took. pace may be nil.
func inBubble(t *testing.T, answer http.HandlerFunc, pace func(context.Context) error, check func(context.Context, *S), judge func(t *testing.T, got Result, took time.Duration)) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1) // no socket would let the bubble's clock run
		l, err := n.Listen("server", "server:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: answer, ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = srv.Serve(l) }()
		defer srv.Close()
		ledger, err := NewLedger("", LedgerEntry{})
		if err != nil {
			t.Fatal(err)
		}
		ses := NewSession(Target{Endpoints: []*url.URL{{Scheme: "http", Host: "server"}}, Main: Keys{Access: "a", Secret: "b"}, Region: "us-east-1",
			Addressing: PathStyle, Timeout: 30 * time.Second, Settle: 10 * time.Second, Pace: pace,
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) { return n.Dial(ctx, "client", addr) }}, ledger)
		defer ses.Close()
		start := time.Now()
		got := ses.Run(t.Context(), Scenario{ID: "object.self.test", Level: Must, Check: check}, time.Minute)
		judge(t, got, time.Since(start))
	})
}

// late answers 200 after a while, unless the client is gone by then.
func late(by func(r *http.Request) time.Duration) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(by(r)):
		case <-r.Context().Done():
		}
	}
}

func slowly(by time.Duration) http.HandlerFunc {
	return late(func(*http.Request) time.Duration { return by })
}

// asking puts and reads one key so many times, by each kind of client. One that is
// there from the start asks only at the end.
func asking(times int) func(context.Context, *S) {
	return func(ctx context.Context, s *S) {
		b, c := s.Bucket(ctx), Dial(ctx, s)
		defer c.Close()
		for range times {
			_, err := s.Put(ctx, b, "k", "v")
			s.Expect(err).To(OK())
			s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k"})).To(HaveStatus(200))
		}
		s.Expect(c.Send(Request{Bucket: b, Key: "k"})).To(Succeed())
		s.Expect(c.Answer("GET")).To(HaveStatus(200))
	}
}

// A server that is slow and right gets a verdict.
func TestSlowServer(t *testing.T) {
	for _, by := range []time.Duration{50 * time.Millisecond, 2 * time.Second, 9 * time.Second} {
		inBubble(t, slowly(by), nil, asking(30), func(t *testing.T, got Result, took time.Duration) {
			if got.Verdict != Pass {
				t.Errorf("answers that take %s: got %s %q after %s, want a pass", by, got.Verdict, got.Reason, took)
			}
		})
	}
}

// A throttled run is no slow server, and gets verdicts, too.
func TestThrottled(t *testing.T) {
	pace := func(context.Context) error { time.Sleep(2 * time.Second); return nil }
	inBubble(t, slowly(0), pace, asking(30), func(t *testing.T, got Result, took time.Duration) {
		if got.Verdict != Pass {
			t.Errorf("got %s %q after %s, want a pass", got.Verdict, got.Reason, took)
		}
	})
}

// A server that hangs, now and then or for good, is left in time; so is one that
// makes a scenario ask without end.
func TestHangingServer(t *testing.T) {
	endless := func(pause time.Duration) func(context.Context, *S) {
		return func(ctx context.Context, s *S) {
			for b := s.Bucket(ctx); ctx.Err() == nil; time.Sleep(pause) {
				_, _ = s.Get(ctx, b, "k")
			}
		}
	}
	hang := late(func(r *http.Request) time.Duration {
		if strings.Count(r.URL.Path, "/") > 1 {
			return time.Hour
		}
		return 2 * time.Second
	})
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		check  func(context.Context, *S)
		most   time.Duration // the clean-up included
	}{
		"hangs": {hang, endless(0), 3 * time.Minute},
		"hangs, raw": {hang, func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			for ctx.Err() == nil {
				s.Send(ctx, Request{Bucket: b, Key: "k"})
			}
		}, 3 * time.Minute},
		"loops":          {slowly(time.Millisecond), endless(50 * time.Millisecond), 2 * time.Minute},
		"loops and slow": {slowly(2 * time.Second), endless(0), 13 * time.Minute},
	} {
		inBubble(t, tc.answer, nil, tc.check, func(t *testing.T, got Result, took time.Duration) {
			if got.Verdict != Error || !strings.Contains(got.Reason, "did not end within") || took > tc.most {
				t.Errorf("%s: got %s %q after %s, want an error within %s", name, got.Verdict, got.Reason, took, tc.most)
			}
		})
	}
}
