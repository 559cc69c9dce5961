package consistency

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// session is a session on handler, which says everything that a server says.
func session(t *testing.T, handler http.HandlerFunc) *scenarios.Session {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := scenarios.NewLedger("", scenarios.LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	ses := scenarios.NewSession(scenarios.Target{Endpoints: []*url.URL{u}, Main: scenarios.Keys{Access: "a", Secret: "b"},
		Region: "us-east-1", Addressing: scenarios.PathStyle, Timeout: 500 * time.Millisecond, Settle: time.Second, Seed: 1}, ledger)
	t.Cleanup(ses.Close)
	return ses
}

// with gives do a client of a workload of the model, on a bucket of its own.
func with(t *testing.T, model string, handler http.HandlerFunc, do func(context.Context, *client, *holding)) *run {
	t.Helper()
	var r *run
	res := session(t, handler).Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
		r = &run{Workload: &Workload{Name: "w", Model: model}, s: s, direct: scenarios.NewDirect(s), rec: history.NewRecorder(nil), bucket: s.AbsentBucket(), digests: true, began: time.Now()}
		r.wire = &history.Attempts{Base: r.direct}
		do(ctx, r.client(0), &holding{keys: []string{"k"}, wear: maxWear})
	}}, 20*time.Second)
	if res.Verdict != scenarios.Pass {
		t.Fatalf("%s: %s", res.Verdict, res.Reason)
	}
	return r
}

// hijack lets answer write to the connection itself, which is cut off then; it is
// reset where reset is set.
func hijack(reset bool, answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_, _ = buf.WriteString(answer)
		_ = buf.Flush()
		_ = conn.Close()
	}
}

// says answers with a status and, where there is one, an error code.
func says(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
		}
	}
}

// silent never answers.
func silent(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// R5: what is definite and what is not.
func TestOutcomes(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	type want struct{ put, get history.Outcome }
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    want
	}{
		"success":                 {says(200, ""), want{history.OK, history.OK}},
		"a condition fails":       {says(412, "PreconditionFailed"), want{history.Refused, history.Refused}},
		"a conflict":              {says(409, "ConditionalRequestConflict"), want{history.Refused, history.Refused}},
		"nothing there":           {says(404, "NoSuchKey"), want{history.Refused, history.Refused}},
		"not modified":            {says(304, ""), want{history.Unclear, history.Refused}},
		"forbidden":               {says(403, "AccessDenied"), want{history.Refused, history.Unclear}},
		"4xx without a code":      {says(412, ""), want{history.Unclear, history.Unclear}},
		"a redirect":              {says(307, ""), want{history.Unclear, history.Unclear}},
		"an internal error":       {says(500, "InternalError"), want{history.Unclear, history.Unclear}},
		"too busy":                {says(503, "SlowDown"), want{history.Unclear, history.Unclear}},
		"a gateway's words":       {says(502, ""), want{history.Unclear, history.Unclear}},
		"no answer":               {silent, want{history.Unclear, history.Unclear}},
		"a reset":                 {hijack(true, ""), want{history.Unclear, history.Unclear}},
		"closed":                  {hijack(false, ""), want{history.Unclear, history.Unclear}},
		"cut in the head":         {hijack(false, "HTTP/1.1 200 OK\r\nContent-"), want{history.Unclear, history.Unclear}},
		"cut in the body":         {hijack(false, head+"Content-Length: 9\r\n\r\nbody"), want{history.Unclear, history.Unclear}},
		"cut between chunks":      {hijack(false, head+"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"), want{history.Unclear, history.Unclear}},
		"no end that can be told": {hijack(false, head+"\r\n"), want{history.Unclear, history.Unclear}},
		"no HTTP":                 {hijack(false, "hello\r\n\r\n"), want{history.Unclear, history.Unclear}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := with(t, "register", tc.handler, func(ctx context.Context, c *client, h *holding) {
				was := c.process
				put := c.put(ctx, h, "k", 40, history.Arg{})
				if put.Outcome != tc.want.put || put.Result.Status == 0 && put.Result.Error == "" {
					t.Errorf("put: got %s %+v, want %s", put.Outcome, put.Result, tc.want.put)
				}
				if unclear := put.Outcome == history.Unclear; unclear != (c.process != was) || unclear != (c.doubt == "k") || unclear != (h.open == 1) || unclear == put.Ended() {
					t.Errorf("put %s: process %d was %d, in doubt %q, %d open, ended %v", put.Outcome, c.process, was, c.doubt, h.open, put.Ended())
				}
				if get := c.get(ctx, h, "k"); get.Outcome != tc.want.get {
					t.Errorf("get: got %s %+v, want %s", get.Outcome, get.Result, tc.want.get)
				}
			})
			kept := 1 // the put
			if tc.want.get != history.Unclear {
				kept++
			}
			if ops := r.rec.Take(); len(ops) != kept {
				t.Errorf("%d operations kept, want %d: unclear reads carry nothing", len(ops), kept)
			}
		})
	}
}

// TestNoSuchBucket: that nobody knows the bucket is recorded, and whether it is
// gone for good, or was only new, is found out in the end.
func TestNoSuchBucket(t *testing.T) {
	for _, tc := range []struct {
		name  string
		known int32 // the request from which on the bucket is known; 0: never
		want  []int
	}{{"lost", 0, []int{0}}, {"new", 6, nil}} {
		t.Run(tc.name, func(t *testing.T) {
			var asked atomic.Int32
			handler := func(w http.ResponseWriter, r *http.Request) {
				if n := asked.Add(1); tc.known > 0 && n >= tc.known {
					says(200, "")(w, r)
					return
				}
				says(404, "NoSuchBucket")(w, r)
			}
			r := with(t, "register", handler, func(ctx context.Context, c *client, h *holding) {
				c.put(ctx, h, "k", 40, history.Arg{})
				c.get(ctx, h, "k")
				c.removeAll(ctx, h, []string{"k", "l"})
				if got := c.gone(ctx); !slices.Equal(got, tc.want) {
					t.Errorf("gone: %v, want %v", got, tc.want)
				}
			})
			ops := r.rec.Take()
			if len(ops) != 4 || r.failed.Load() != nil || slices.ContainsFunc(ops, func(o history.Op) bool { return o.Outcome != history.Refused || o.Result.Code != "NoSuchBucket" }) {
				t.Errorf("kept %+v", ops)
			}
		})
	}
}

// A server that is too busy at first is waited for, as long as for a new bucket.
func TestBusyAtFirst(t *testing.T) {
	for busy, want := range map[int64]string{3: "", 1 << 30: "a first PUT got 503 SlowDown"} {
		store, left := newFake(), atomic.Int64{}
		left.Store(busy)
		res := session(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/probe") && left.Add(-1) >= 0 {
				says(503, "SlowDown")(w, r)
				return
			}
			store.ServeHTTP(w, r)
		}).Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
			_, err := register.Run(ctx, s, history.NewRecorder(nil), Options{Duration: time.Minute, Requests: 20})
			if got := fmt.Sprint(err); !strings.Contains(got, cmp.Or(want, "<nil>")) {
				t.Errorf("busy %d times: got %q, want %q", busy, got, want)
			}
		}}, time.Minute)
		if res.Verdict != scenarios.Pass {
			t.Errorf("%s: %s", res.Verdict, res.Reason)
		}
	}
}

// What stands behind a 200 counts, not the 200.
func TestErrorsBehind200(t *testing.T) {
	for body, want := range map[string]struct {
		outcome history.Outcome
		status  int
	}{
		`<Error><Code>InternalError</Code></Error>`:             {history.Unclear, 200},
		`<Error><Code>NoSuchKey</Code></Error>`:                 {history.Refused, 404},
		" \n <Error><Code>PreconditionFailed</Code></Error>":    {history.Refused, 412},
		`<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>`: {history.OK, 200},
		`<CopyObjectResult></CopyObjectResult>`:                 {history.Unclear, 200},
		``:                                                      {history.Unclear, 200},
	} {
		with(t, "copy", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) }, func(ctx context.Context, c *client, h *holding) {
			op := c.copy(ctx, h, "k", "l")
			if op.Outcome != want.outcome || op.Result.Status != want.status {
				t.Errorf("%q: got %s %d, want %s %d", body, op.Outcome, op.Result.Status, want.outcome, want.status)
			}
		})
	}
}

// A request that nobody took is none, and one that the guard holds back ends the
// run.
func TestWhatNeverLeft(t *testing.T) {
	r := with(t, "register", says(200, ""), func(ctx context.Context, c *client, h *holding) {
		nobody, err := url.Parse("http://127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		was := c.s.Target().Endpoints[0]
		c.s.Target().Endpoints[0] = nobody
		op := c.put(ctx, h, "k", 40, history.Arg{})
		c.s.Target().Endpoints[0] = was
		if op.Outcome != "" || c.failed.Load() != nil || h.ops != 0 {
			t.Errorf("nobody listens: got %q, %v", op.Outcome, c.failed.Load())
		}
		c.bucket = "somebody-elses"
		if c.put(ctx, h, "k", 40, history.Arg{}); c.failed.Load() == nil || !errors.Is(*c.failed.Load(), scenarios.ErrGuard) {
			t.Errorf("got %v, want %v", c.failed.Load(), scenarios.ErrGuard)
		}
	})
	if ops := r.rec.Take(); len(ops) != 0 {
		t.Errorf("kept %+v", ops)
	}
	r = with(t, "register", says(501, "NotImplemented"), func(ctx context.Context, c *client, h *holding) { c.put(ctx, h, "k", 40, history.Arg{}) })
	if lacks, ok := errors.AsType[*unsupported](*r.failed.Load()); !ok || !strings.Contains(lacks.Error(), "put is answered 501 NotImplemented") {
		t.Errorf("got %v", *r.failed.Load())
	}
}
