package scenarios_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// foreign starts a server that nobody here wrote and returns a session on it.
func foreign(t *testing.T, edit func(*Target)) *Session {
	t.Helper()
	srv := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := NewLedger("", LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Endpoints: []*url.URL{u}, Main: Keys{Access: "a", Secret: "b"}, Region: "us-east-1",
		Addressing: PathStyle, Timeout: 5 * time.Second, Settle: time.Second}
	if edit != nil {
		edit(&target)
	}
	ses := NewSession(target, ledger)
	t.Cleanup(ses.Close)
	return ses
}

func run(t *testing.T, ses *Session, level Level, check func(context.Context, *S)) Result {
	t.Helper()
	return ses.Run(t.Context(), Scenario{ID: "object.self.test", Level: level, Check: check}, 20*time.Second)
}

func TestVerdicts(t *testing.T) {
	put := func(ctx context.Context, s *S) string {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		return b
	}
	for name, tc := range map[string]struct {
		level Level
		check func(context.Context, *S)
		want  Verdict
		says  string
	}{
		"pass":  {Must, func(ctx context.Context, s *S) { s.ExpectBody(ctx, put(ctx, s), "k", "v") }, Pass, ""},
		"fail":  {Must, func(ctx context.Context, s *S) { s.ExpectBody(ctx, put(ctx, s), "k", "w") }, Fail, `got "v", want "w"`},
		"equal": {Must, func(ctx context.Context, s *S) { s.Expect("a").To(Equal("b"), "case %d", 1) }, Fail, `case 1: got "a", want "b"`},
		"header": {Must, func(ctx context.Context, s *S) {
			s.Expect(s.Send(ctx, Request{Path: "/"})).To(HaveHeader("X-None", Equal("b")))
		}, Fail, `header X-None: got "", want "b"`},
		"silent": {Must, func(ctx context.Context, s *S) {
			_, err := s.Put(ctx, put(ctx, s), "k", "w")
			s.Expect(err).To(FailWith(412))
		}, Silent, "got success, want 412"},
		"warn":     {Should, func(ctx context.Context, s *S) { s.Expect(1).To(Equal(2)) }, Warn, ""},
		"observed": {Info, func(ctx context.Context, s *S) { s.Expect(1).To(Equal(2)) }, Observed, ""},
		"blocked": {Must, func(ctx context.Context, s *S) {
			s.MustPut(ctx, s.AbsentBucket(), "k", "v")
		}, Blocked, "NoSuchBucket"},
		"skipped": {Must, func(ctx context.Context, s *S) { s.Alt() }, Skipped, "second account"},
		"panic":   {Info, func(ctx context.Context, s *S) { panic("boom") }, Error, "boom"},
		"guard": {Must, func(ctx context.Context, s *S) {
			_, err := s.Put(ctx, "somebody-elses", "k", "v")
			s.Expect(err).To(OK())
		}, Error, "guard"},
		"wrong matcher": {Must, func(ctx context.Context, s *S) { s.Expect(3).To(HaveHeader("X", "")) }, Fail, "no headers"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, foreign(t, nil), tc.level, tc.check)
			if got.Verdict != tc.want || !strings.Contains(got.Reason, tc.says) {
				t.Errorf("got %s %q, want %s ...%s...", got.Verdict, got.Reason, tc.want, tc.says)
			}
			if got.Verdict == Fail && !strings.HasPrefix(got.Where, "scenarios/session_test.go:") {
				t.Errorf("where: got %q, want a line of this file", got.Where)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	wait := func(ctx context.Context, s *S) { s.MustPut(ctx, s.Bucket(ctx), "k", "v"); <-ctx.Done() }
	ses := foreign(t, nil)
	got := ses.Run(t.Context(), Scenario{ID: "object.self.test", Level: Must, Check: wait}, time.Second)
	if got.Verdict != Error || !strings.Contains(got.Reason, "did not end within 1s") {
		t.Errorf("got %s %q, want an error that tells of the deadline", got.Verdict, got.Reason)
	}
	if left := ses.Ledger.Owned(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// lying answers as handler says, to all but what makes a bucket.
func lying(t *testing.T, handler http.HandlerFunc) *Session {
	return foreign(t, func(target *Target) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Count(r.URL.Path, "/") == 1 {
				return
			}
			handler(w, r)
		}))
		t.Cleanup(srv.Close)
		target.Endpoints[0], _ = url.Parse(srv.URL)
	})
}

// I0 is checked behind every scenario, whichever client wrote.
func TestRefusedWritesAreChecked(t *testing.T) {
	refuse := func(ctx context.Context, s *S, b string) {
		_, err := s.Put(ctx, b, "k", "new", IfNoneMatch("*"))
		s.Expect(err).To(FailWith(412))
	}
	for name, tc := range map[string]struct {
		first string // the ETag in the answer to the first PUT
		later string // and of HEAD behind the refusal, "" when the key is gone
		want  Verdict
	}{
		"unchanged": {`"a"`, `"a"`, Pass},
		"unquoted":  {`a`, `"a"`, Pass},
		"changed":   {`"a"`, `"b"`, Silent},
		"gone":      {`"a"`, "", Silent},
	} {
		for client, put := range map[string]func(context.Context, *S, string){
			"SDK": func(ctx context.Context, s *S, b string) { s.MustPut(ctx, b, "k", "old") },
			"raw": func(ctx context.Context, s *S, b string) {
				s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("old")})).To(OK())
			},
			"presigned": func(ctx context.Context, s *S, b string) {
				s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("old"), Presign: "60"})).To(OK())
			},
		} {
			ses := lying(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "":
					w.WriteHeader(412)
				case r.Method == http.MethodPut:
					w.Header().Set("ETag", tc.first)
				case tc.later == "":
					w.WriteHeader(404)
				default:
					w.Header().Set("ETag", tc.later)
				}
			})
			got := run(t, ses, Must, func(ctx context.Context, s *S) { b := s.Bucket(ctx); put(ctx, s, b); refuse(ctx, s, b) })
			if got.Verdict != tc.want {
				t.Errorf("%s, %s: got %s %q, want %s", name, client, got.Verdict, got.Reason, tc.want)
			}
		}
	}
}

// What has no answer has no headers, and no absent ones either.
func TestNoAnswerHasNoHeaders(t *testing.T) {
	got := run(t, lying(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), Must, func(ctx context.Context, s *S) {
		s.Expect(s.Send(ctx, Request{Bucket: s.Bucket(ctx), Key: "k"})).To(HaveHeader("X-None", ""))
	})
	if got.Verdict != Fail || !strings.Contains(got.Reason, "no answer") {
		t.Errorf("got %s %q, want a failure for want of an answer", got.Verdict, got.Reason)
	}
}

// Time that runs out inside a request is no verdict on the server.
func TestDeadlineInsideRequest(t *testing.T) {
	ses := lying(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ask := func(ctx context.Context, s *S) {
		_, err := s.Get(ctx, s.Bucket(ctx), "k")
		s.Expect(err).To(OK())
	}
	got := ses.Run(t.Context(), Scenario{ID: "object.self.test", Level: Must, Check: ask}, 300*time.Millisecond)
	if got.Verdict != Error || !strings.Contains(got.Reason, "did not end within") {
		t.Errorf("got %s %q, want an error that tells of the deadline", got.Verdict, got.Reason)
	}
}

// A refusal of the guard ends in the result whichever goroutine meets it.
func TestGuardInAnotherGoroutine(t *testing.T) {
	got := run(t, foreign(t, nil), Must, func(ctx context.Context, s *S) {
		done := make(chan *Response)
		go func() { done <- s.Send(ctx, Request{Method: "DELETE", Bucket: "somebody-elses", Key: "k"}) }()
		<-done
	})
	if got.Verdict != Error || !strings.Contains(got.Reason, "guard") {
		t.Errorf("got %s %q, want the guard's refusal", got.Verdict, got.Reason)
	}
}

func TestRawRequestStoresWhatItSends(t *testing.T) {
	for _, p := range []sign.Payload{sign.Signed, sign.Unsigned, sign.Chunked} {
		got := run(t, foreign(t, nil), Must, func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			body := s.Bytes(200_000)
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "a b+c/é", Body: body, Payload: p, WriteSize: 7000})
			s.Expect(r).To(OK())
			s.ExpectBody(ctx, b, "a b+c/é", string(body))
		})
		if got.Verdict != Pass {
			t.Errorf("%q: %s %s\n%+v", p, got.Verdict, got.Reason, got.Exchanges)
		}
	}
}

func TestGuardKeepsForeignBuckets(t *testing.T) {
	ses := foreign(t, nil)
	mine := foreign(t, func(target *Target) { target.Endpoints = ses.Target.Endpoints })
	var theirs string
	run(t, mine, Must, func(ctx context.Context, s *S) {
		theirs = s.Bucket(ctx)
		s.MustPut(ctx, theirs, "k", "precious")
		for what, try := range map[string]func(context.Context, *S) error{
			"put":    func(ctx context.Context, s *S) error { _, err := s.Put(ctx, theirs, "k", "x"); return err },
			"delete": func(ctx context.Context, s *S) error { _, err := s.Delete(ctx, theirs, "k"); return err },
			"bucket": func(ctx context.Context, s *S) error {
				_, err := s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &theirs})
				return err
			},
			"raw": func(ctx context.Context, s *S) error {
				return s.Send(ctx, Request{Method: "DELETE", Bucket: theirs, Key: "k"}).Err
			},
			"path": func(ctx context.Context, s *S) error {
				return s.Send(ctx, Request{Method: "DELETE", Path: "/" + theirs + "/k"}).Err
			},
		} {
			got := run(t, ses, Must, func(ctx context.Context, s *S) { s.Expect(try(ctx, s)).To(OK()) })
			if got.Verdict != Error || !strings.Contains(got.Reason, "guard") {
				t.Errorf("%s of a foreign bucket: got %s %s, want the guard's refusal", what, got.Verdict, got.Reason)
			}
		}
		s.ExpectBody(ctx, theirs, "k", "precious")
	})
}
