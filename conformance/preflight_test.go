package conformance_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault/sim/simnet"
	"bleepstore/scenarios"
)

const emptyList = `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets/></ListAllMyBucketsResult>`

func TestPreflight(t *testing.T) {
	answer := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { s3Error(w, status, code) }
	}
	for name, tc := range map[string]struct {
		server http.HandlerFunc
		want   string // in the error, "" for none
		note   string
	}{
		"not S3":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello</html>") }, "not S3", ""},
		"no XML":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }, "not S3", ""},
		"404 page":      {http.NotFound, "not S3", ""},
		"unknown key":   {answer(403, "InvalidAccessKeyId"), "refused: 403 InvalidAccessKeyId", ""},
		"wrong secret":  {answer(403, "SignatureDoesNotMatch"), "refused", ""},
		"not ready":     {answer(503, "SlowDown"), "not ready", ""},
		"may nothing":   {answer(403, "AccessDenied"), "refused: ListBuckets got 403", ""},
		"lacks listing": {answer(501, "NotImplemented"), "", "ListBuckets got 501 NotImplemented"},
		"wrong region": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region></Error>")
		}, "-region=eu-west-9", ""},
		"may not list": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				s3Error(w, 403, "AccessDenied")
			} else {
				s3Error(w, 404, "NoSuchBucket")
			}
		}, "", ""},
		"any secret": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, emptyList) }, "", "does not verify signatures"},
		"other clock": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))
			s3Error(w, 403, "RequestTimeTooSkewed")
		}, "its clock is ", ""},
	} {
		srv := httptest.NewServer(tc.server)
		p, err := plan(func(o *conformance.Options) { o.Endpoint, o.Out = []string{srv.URL}, t.TempDir() }, scene("a", passes))
		if err != nil {
			t.Fatal(err)
		}
		run, err := conformance.Open(t.Context(), p)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || conformance.CodeOf(err) != conformance.ExitPreflight):
			t.Errorf("%s: got %v (exit code %d), want ...%s... and 3", name, err, conformance.CodeOf(err), tc.want)
		case err == nil:
			if notes := strings.Join(run.Preflight.Notes, "; "); !strings.Contains(notes, tc.note) {
				t.Errorf("%s: notes %q, want ...%s...", name, notes, tc.note)
			}
			if _, _, err := run.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		srv.Close()
	}
}

func TestNobodyAnswers(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	tls := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, emptyList) }))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes that are meant to fail
	tls.StartTLS()
	defer tls.Close()
	for _, tc := range []struct {
		url      string
		insecure bool
		want     string
	}{{srv.URL, false, "unreachable"}, {tls.URL + "," + srv.URL, true, srv.URL + ": unreachable"}, {tls.URL, false, "-k trusts"}, {tls.URL, true, ""}} {
		p, err := plan(func(o *conformance.Options) {
			o.Endpoint, o.Insecure, o.Out = strings.Split(tc.url, ","), tc.insecure, t.TempDir()
		}, scene("a", passes))
		if err != nil {
			t.Fatal(err)
		}
		run, err := conformance.Open(t.Context(), p)
		if tc.want == "" && err != nil || tc.want != "" && (conformance.CodeOf(err) != conformance.ExitPreflight || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want ...%s...", tc.url, err, tc.want)
		}
		if err == nil {
			if _, _, err := run.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestSkewOfALateAnswer: a clock is not off for its answer being long under way.
func TestSkewOfALateAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		late time.Duration // how long the answer is under way
		date time.Duration // what it says of the time, from when it was made
		want func(time.Duration) bool
	}{
		"prompt":          {0, 0, func(d time.Duration) bool { return d == 0 }},
		"late":            {3 * time.Second, 0, func(d time.Duration) bool { return d == 0 }},
		"behind":          {0, -time.Hour, func(d time.Duration) bool { return d <= -time.Hour && d > -time.Hour-2*time.Second }},
		"ahead":           {0, time.Hour, func(d time.Duration) bool { return d <= time.Hour && d > time.Hour-2*time.Second }},
		"ahead, and late": {3 * time.Second, time.Hour, func(d time.Duration) bool { return d < time.Hour && d > time.Hour-5*time.Second }},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := simnet.New(1) // no socket would let the bubble's clock run
			l, err := n.Listen("server", "server:80")
			if err != nil {
				t.Fatal(err)
			}
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(tc.date).UTC().Format(http.TimeFormat))
				time.Sleep(tc.late)
				_, _ = io.WriteString(w, "<ListAllMyBucketsResult/>")
			})}
			go func() { _ = srv.Serve(l) }()
			defer srv.Close()
			o := conformance.DefaultOptions()
			o.Endpoint, o.AccessKey, o.SecretKey, o.Out = []string{"http://server:80"}, "a", "b", t.TempDir()
			o.DialBy(func(ctx context.Context, _, addr string) (net.Conn, error) { return n.Dial(ctx, "client", addr) })
			p, err := conformance.NewPlan(o, []scenarios.Scenario{scene("pass", passes)}, noEnv)
			if err != nil {
				t.Fatal(err)
			}
			run, err := conformance.Open(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if got := run.Preflight.Skew; !tc.want(got) {
				t.Errorf("%s: the clock is said to be %s off", name, got)
			}
			if _, _, err := run.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
