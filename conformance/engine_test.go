package conformance_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	. "bleepstore/scenarios"
)

func TestVerdictsGate(t *testing.T) {
	f := newForeign(t, nil)
	type want struct {
		verdict Verdict
		gating  bool
	}
	wants := map[string]want{
		"fake.pass":         {Pass, false},
		"fake.fail":         {Fail, true},
		"fake.should":       {Warn, false},
		"fake.info":         {Observed, false},
		"fake.silent":       {Silent, true},
		"fake.panic":        {Error, true},
		"fake.depends":      {Blocked, true},
		"fake.depends-well": {Pass, false},
		"fake.skip":         {Skipped, true},
		"fake.second":       {Skipped, true},
		"fake.beyond":       {Fail, false},
	}
	all := []Scenario{
		scene("pass", passes), scene("fail", fails), scene("should", fails, level(Should)), scene("info", fails, level(Info)),
		scene("silent", func(ctx context.Context, s *S) {
			_, err := s.Put(ctx, s.Bucket(ctx), "k", "v")
			s.Expect(err).To(FailWith(412))
		}),
		scene("panic", func(context.Context, *S) { panic("boom") }),
		scene("depends", passes, after("fake.fail")),
		scene("depends-well", passes, after("fake.pass")),
		scene("skip", func(_ context.Context, s *S) { s.Skip("no reason") }),
		scene("second", passes, needs(SecondAccount)),
		scene("beyond", fails, needs(Tagging)),
		scene("unclaimed", fails, needs(Large)),
		scene("elsewhere", fails, inRegion("mars-1")),
	}
	r := runAll(t, opts(t, f, func(o *conformance.Options) { o.Features = []string{"+second-account", "auto"} }), all)
	for _, res := range r.Results {
		if conformance.IsInvariant(res.ID) {
			continue
		}
		if got := (want{res.Verdict, res.Gating}); got != wants[res.ID] {
			t.Errorf("%s: got %v %q, want %v", res.ID, got, res.Reason, wants[res.ID])
		}
		delete(wants, res.ID)
	}
	if len(wants) > 0 {
		t.Errorf("no results of %v", wants)
	}
	if code := conformance.ExitCode(r); code != conformance.ExitFailed {
		t.Errorf("exit code %d, want %d", code, conformance.ExitFailed)
	}
	if got, want := r.Beyond, []report.FeatureRow{{Feature: Tagging, Total: 1}}; !cmp.Equal(got, want) {
		t.Errorf("beyond: got %v, want %v", got, want)
	}
	if left := f.buckets(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestExitCodes(t *testing.T) {
	skip := func(_ context.Context, s *S) { s.Skip("no reason") }
	for name, tc := range map[string]struct {
		all  []Scenario
		want int
	}{
		"pass":          {[]Scenario{scene("pass", passes)}, conformance.ExitOK},
		"skip":          {[]Scenario{scene("pass", passes), scene("skip", skip)}, conformance.ExitInconclusive},
		"fail and skip": {[]Scenario{scene("fail", fails), scene("skip", skip)}, conformance.ExitFailed},
	} {
		f := newForeign(t, nil)
		// -id of all but one keeps invariants that met no exchange from gating.
		all := append(tc.all, scene("other", passes))
		r := runAll(t, opts(t, f, func(o *conformance.Options) { o.ID = []string{"fake.[^o]*"} }), all)
		if code := conformance.ExitCode(r); code != tc.want {
			t.Errorf("%s: exit code %d, want %d", name, code, tc.want)
		}
	}
}

func TestInvariantsAreJudgedOverTheRun(t *testing.T) {
	f := newForeign(t, nil)
	r := runAll(t, opts(t, f, nil), []Scenario{scene("pass", passes), scene("refusal", refusal)})
	if got := verdictOf(r, "shape.error-body"); got != Fail { // it sends no RequestId
		t.Errorf("shape.error-body: got %s, want fail", got)
	}
	if got := verdictOf(r, "shape.request-id"); got != Pass {
		t.Errorf("shape.request-id: got %s, want pass", got)
	}
	for _, tc := range []struct {
		ids  []string
		want bool
	}{{nil, true}, {[]string{"fake.pass"}, false}} {
		r := runAll(t, opts(t, f, func(o *conformance.Options) { o.ID = tc.ids }), []Scenario{scene("pass", passes), scene("more", passes)})
		for _, res := range r.Results {
			if res.ID == "shape.error-body" && (res.Verdict != Skipped || res.Gating != tc.want) {
				t.Errorf("-id=%v: an invariant without exchanges: got %s gating %t, want skipped gating %t", tc.ids, res.Verdict, res.Gating, tc.want)
			}
		}
	}
}

func TestDependencyRunsOnce(t *testing.T) {
	f := newForeign(t, nil)
	runs := make(chan struct{}, 10)
	counted := func(ctx context.Context, s *S) { runs <- struct{}{}; passes(ctx, s) }
	runAll(t, opts(t, f, nil), []Scenario{scene("base", counted), scene("a", passes, after("fake.base")), scene("b", passes, after("fake.base"))})
	if len(runs) != 1 {
		t.Errorf("the scenario that others depend on ran %d times, want once", len(runs))
	}
}

func TestInterruptedRunCleansUp(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { // behind the server's own
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		goleak.VerifyNone(t, before)
	})
	f := newForeign(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(ctx context.Context, s *S) { passes(ctx, s); cancel(); <-ctx.Done() }
	plan, err := conformance.NewPlan(opts(t, f, nil), []Scenario{scene("a", passes), scene("b", stop), scene("c", passes)}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	results := run.All(ctx, 1, nil)
	left, file, err := run.Close(t.Context())
	if err != nil || len(left) > 0 || file != "" {
		t.Errorf("close: left %v in %q, %v", left, file, err)
	}
	r := run.Report(results, true)
	if len(results) != 1 || r.NotRun != 2 {
		t.Errorf("got %d results, %d not run, want 1 and 2", len(results), r.NotRun)
	}
	if code := conformance.ExitCode(r); code != conformance.ExitInterrupted {
		t.Errorf("exit code %d, want %d", code, conformance.ExitInterrupted)
	}
	if left := f.buckets(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFailFast(t *testing.T) {
	f := newForeign(t, nil)
	o := opts(t, f, func(o *conformance.Options) { o.FailFast, o.Rate = true, 1000 })
	plan, err := conformance.NewPlan(o, []Scenario{scene("a", fails), scene("b", passes), scene("c", passes)}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	results := run.All(t.Context(), 1, nil)
	if r := run.Report(results, false); len(results) != 1 || conformance.ExitCode(r) != conformance.ExitFailed {
		t.Errorf("got %d results and exit code %d, want 1 and 1", len(results), conformance.ExitCode(r))
	}
	if _, _, err := run.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLeftover(t *testing.T) {
	f := newForeign(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodDelete && s3Error(w, 403, "AccessDenied")
	})
	o := opts(t, f, nil)
	r := runAll(t, o, []Scenario{scene("pass", passes), scene("other", passes)})
	if len(r.Leftover) != 2 || r.Ledger == "" || filepath.Dir(r.Ledger) != o.Out {
		t.Fatalf("left %v, ledger %q, want two buckets and a ledger in %s", r.Leftover, r.Ledger, o.Out)
	}
	if _, err := conformance.CleanUp(t.Context(), r.Ledger, opts(t, f, nil), noEnv); err != nil {
		t.Fatal(err)
	}
	if n := len(f.buckets(t)); n != 2 {
		t.Errorf("%d buckets although nothing may be deleted, want 2", n)
	}
	f.hook = nil
	done, err := conformance.CleanUp(t.Context(), r.Ledger, opts(t, f, nil), noEnv)
	if err != nil || len(done.Left) > 0 || !cmp.Equal(done.Removed, r.Leftover) {
		t.Errorf("clean-up: %+v, %v, want %v removed", done, err, r.Leftover)
	}
	if n := len(f.buckets(t)); n != 0 {
		t.Errorf("%d buckets, want none", n)
	}
	if _, err := os.Stat(r.Ledger); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the ledger is still there: %v", err)
	}
}

// TestLeave: nothing is removed where the server ends with the run.
func TestLeave(t *testing.T) {
	f := newForeign(t, nil)
	runAll(t, opts(t, f, func(o *conformance.Options) { o.Leave() }), []Scenario{scene("pass", passes), scene("fail", fails)})
	if left := f.buckets(t); len(left) != 2 {
		t.Errorf("got the buckets %v, want two", left)
	}
}

// TestSettleOfAnItem: an item waits for a change for as long as it says, and the
// result tells whether there was anything to wait for, and whether it drew.
func TestSettleOfAnItem(t *testing.T) {
	f := newForeign(t, nil)
	asked := map[string]time.Duration{}
	all := []Scenario{
		scene("late", func(ctx context.Context, s *S) {
			asked["late"] = s.Target().Settle
			times := 0
			s.Settle(ctx, "the third time", func() error {
				if times++; times < 3 {
					return errors.New("not yet")
				}
				return nil
			})
		}),
		scene("draws", func(_ context.Context, s *S) {
			asked["draws"] = s.Target().Settle
			s.Bytes(10)
		}),
	}
	p, err := conformance.NewPlan(opts(t, f, nil), all, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	r, err := conformance.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range p.Items {
		if it.ID == "fake.draws" {
			it.Settle = 7 * time.Second
		}
		res, _ := r.Check(t.Context(), it)
		if res.Verdict != Pass || res.Waited() != (it.ID == "fake.late") || res.Drew != (it.ID == "fake.draws") {
			t.Errorf("%s: got %s %q, waited %v, drew %v", it.ID, res.Verdict, res.Reason, res.Waited(), res.Drew)
		}
	}
	if asked["draws"] != 7*time.Second || asked["late"] != p.Target.Settle {
		t.Errorf("got %v", asked)
	}
	if _, _, err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAddressingBoth(t *testing.T) {
	var hosts []string
	f := newForeign(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/k") {
			host, _, _ := strings.Cut(r.Host, ":")
			hosts = append(hosts, host)
		}
		return false
	})
	r := runAll(t, opts(t, f, func(o *conformance.Options) { o.Addressing = "both" }), []Scenario{scene("pass", passes)})
	if a, b := verdictOf(r, "fake.pass"), verdictOf(r, "fake.pass@virtual"); a != Pass || b != Pass {
		t.Errorf("path %s, virtual %s, want pass", a, b)
	}
	virtual := 0
	for _, h := range hosts {
		if strings.HasPrefix(h, "bleep-") && strings.HasSuffix(h, ".localhost") {
			virtual++
		}
	}
	if len(hosts) != 2 || virtual != 1 {
		t.Errorf("hosts %v, want one virtual-hosted", hosts)
	}
}

func TestSharedBucket(t *testing.T) {
	f := newForeign(t, nil)
	mine := func(name string) {
		req, _ := http.NewRequest(http.MethodPut, f.URL+"/"+name, nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(err, resp)
		}
	}
	mine("mine")
	only := func(o *conformance.Options) { o.Bucket = "mine" }
	r := runAll(t, opts(t, f, only), []Scenario{scene("pass", passes),
		scene("own", func(ctx context.Context, s *S) {
			b := s.NewName()
			_, err := s.SDK().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b})
			s.Expect(err).To(OK())
		}),
		scene("two", func(ctx context.Context, s *S) { s.Bucket(ctx); s.Bucket(ctx) }),
		scene("configure", func(ctx context.Context, s *S) { s.VersionedBucket(ctx) }),
	})
	for id, want := range map[string]Verdict{"fake.pass": Pass, "fake.own": Skipped, "fake.two": Skipped, "fake.configure": Skipped} {
		if got := verdictOf(r, id); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
	if got := f.buckets(t); !cmp.Equal(got, []string{"mine"}) || len(r.Leftover) > 0 {
		t.Errorf("buckets %v, left %v, want the user's own, empty", got, r.Leftover)
	}
	mine("mine/precious")
	plan, err := conformance.NewPlan(opts(t, f, only), []Scenario{scene("pass", passes)}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conformance.Open(t.Context(), plan); conformance.CodeOf(err) != conformance.ExitUsage || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a bucket that holds something: got %v, want a refusal", err)
	}
}

func TestReservedNameOfTheUser(t *testing.T) {
	f := newForeign(t, nil)
	req, _ := http.NewRequest(http.MethodPut, f.URL+"/amzn-s3-demo-mine", nil)
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 200 {
		t.Fatal(err, resp)
	}
	lax := func(name string) check {
		return func(ctx context.Context, s *S) {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: s.InvalidName(name)})
			s.Expect(r).To(FailWith(400, "InvalidBucketName"))
		}
	}
	r := runAll(t, opts(t, f, nil), []Scenario{scene("theirs", lax("amzn-s3-demo-mine")), scene("free", lax("amzn-s3-demo-free"))})
	if got := verdictOf(r, "fake.theirs"); got != Skipped {
		t.Errorf("a reserved name that the user has: got %s, want skipped", got)
	}
	if got := verdictOf(r, "fake.free"); got != Silent {
		t.Errorf("a reserved name on a lax server: got %s, want silent", got)
	}
	if got := f.buckets(t); !cmp.Equal(got, []string{"amzn-s3-demo-mine"}) {
		t.Errorf("buckets %v, want only the user's", got)
	}
}

func TestBaseline(t *testing.T) {
	f := newForeign(t, nil)
	all := []Scenario{scene("a", fails), scene("b", passes, rule("O-02")), scene("c", passes, rule("O-03"))}
	for name, tc := range map[string]struct {
		yaml   string
		strict bool
		want   int
		stale  int
	}{
		"named":           {"- {scenario: fake.a, verdict: fail, reason: r, link: l}", true, conformance.ExitOK, 0},
		"by rule":         {"- {rule: O-01, verdict: fail, reason: r, exchange: x}", true, conformance.ExitOK, 0},
		"wrong":           {"- {scenario: fake.a, verdict: silent, reason: r, link: l}", true, conformance.ExitFailed, 1},
		"expired":         {"- {scenario: fake.a, verdict: fail, reason: r, link: l, expires: 2001-01-01}", false, conformance.ExitFailed, 1},
		"stale":           {"- {scenario: fake.a, verdict: fail, reason: r, link: l}\n- {rule: O-02, verdict: fail, reason: r, link: l}", false, conformance.ExitOK, 1},
		"stale strict":    {"- {scenario: fake.a, verdict: fail, reason: r, link: l}\n- {rule: O-02, verdict: fail, reason: r, link: l}", true, conformance.ExitUnexpected, 1},
		"unknown":         {"- {scenario: fake.a, verdict: fail, reason: r, link: l}\n- {scenario: fake.z, verdict: fail, reason: r, link: l}", false, conformance.ExitUnexpected, 1},
		"expired, mended": {"- {scenario: fake.a, verdict: fail, reason: r, link: l}\n- {scenario: fake.b, verdict: fail, reason: r, link: l, expires: 2001-01-01}", false, conformance.ExitUnexpected, 1},
		"new and stale":   {"- {scenario: fake.z, verdict: fail, reason: r, link: l}", true, conformance.ExitFailed, 1},
		"not run":         {"- {scenario: fake.a, verdict: fail, reason: r, link: l}\n- {rule: O-03, verdict: fail, reason: r, link: l}", true, conformance.ExitOK, 0},
	} {
		file := filepath.Join(t.TempDir(), "baseline.yaml")
		if err := os.WriteFile(file, []byte(tc.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		r := runAll(t, opts(t, f, func(o *conformance.Options) {
			o.Baseline, o.StrictBaseline, o.ID = file, tc.strict, []string{"fake.[ab]"}
		}), all)
		if code := conformance.ExitCode(r); code != tc.want || len(r.Known.Stale) != tc.stale {
			t.Errorf("%s: exit code %d, stale %v, want %d and %d stale", name, code, r.Known.Stale, tc.want, tc.stale)
		}
	}
}

func TestPanicOfTheScenarioIsAnError(t *testing.T) {
	f := newForeign(t, nil)
	r := runAll(t, opts(t, f, nil), []Scenario{scene("nil", func(_ context.Context, s *S) { s.Observe("never", 1/len(s.Target().Alt.Access)) })})
	for _, res := range r.Results {
		if res.ID == "fake.nil" && (res.Verdict != Error || !strings.Contains(res.Reason, "divide by zero")) {
			t.Errorf("got %s %q, want an error that tells of the division", res.Verdict, res.Reason)
		}
	}
	NewWithT(t).Expect(conformance.ExitCode(r)).To(Equal(conformance.ExitInconclusive))
}
