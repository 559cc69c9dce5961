package conformance_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"bleepstore/conformance"
	theirs "bleepstore/conformance/foreign"
	"bleepstore/conformance/report"
	. "bleepstore/scenarios"
)

// A foreign server is one that nobody here wrote, with a hook in front of it.
type foreign struct {
	*httptest.Server
	hook func(w http.ResponseWriter, r *http.Request) (answered bool)
}

// newForeign starts a server; hook, which may be nil, may answer in its stead.
func newForeign(t *testing.T, hook func(http.ResponseWriter, *http.Request) bool) *foreign {
	t.Helper()
	f := &foreign{hook: hook}
	inner := theirs.Handler()
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.hook == nil || !f.hook(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // it panics here and there: its client sees that
	f.Start()
	t.Cleanup(f.Close)
	return f
}

// buckets lists what exists on the server.
func (f *foreign) buckets(t *testing.T) []string {
	t.Helper()
	resp, err := http.Get(f.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 1<<16)
	n, _ := resp.Body.Read(buf)
	var names []string
	for _, part := range strings.Split(string(buf[:n]), "<Name>")[1:] {
		name, _, _ := strings.Cut(part, "</Name>")
		names = append(names, name)
	}
	return names
}

func s3Error(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("x-amz-request-id", "R1")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message><RequestId>R1</RequestId></Error>", code)
	return true
}

// opts are options for the server, with edits.
func opts(t *testing.T, f *foreign, edit func(*conformance.Options)) conformance.Options {
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Out, o.Seed = []string{f.URL}, "a", "b", t.TempDir(), 1
	if edit != nil {
		edit(&o)
	}
	return o
}

func noEnv(string) string { return "" }

// runAll plans, opens, runs and closes.
func runAll(t *testing.T, o conformance.Options, all []Scenario) *report.Run {
	t.Helper()
	plan, err := conformance.NewPlan(o, all, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	results := run.All(t.Context(), 4, nil)
	left, file, err := run.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := run.Report(results, false)
	whole.Leftover, whole.Ledger = left, file
	return whole
}

// A check is a scenario's function.
type check = func(context.Context, *S)

// scene is a scenario of area fake.
func scene(id string, fn check, edit ...func(*Scenario)) Scenario {
	sc := Scenario{ID: "fake." + id, Rule: "O-01", Says: "It MUST hold.", Level: Must, Needs: []Feature{Objects}, Check: fn,
		Ref: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"}
	for _, e := range edit {
		e(&sc)
	}
	return Declared(sc)
}

func after(ids ...string) func(*Scenario) { return func(sc *Scenario) { sc.After = ids } }
func needs(fs ...Feature) func(*Scenario) { return func(sc *Scenario) { sc.Needs = fs } }
func level(l Level) func(*Scenario)       { return func(sc *Scenario) { sc.Level = l } }
func inRegion(region string) func(*Scenario) {
	return func(sc *Scenario) { sc.Regions = []string{region} }
}
func rule(id string) func(*Scenario)   { return func(sc *Scenario) { sc.Rule = id } }
func passes(ctx context.Context, s *S) { s.MustPut(ctx, s.Bucket(ctx), "k", "v") }
func fails(ctx context.Context, s *S)  { passes(ctx, s); s.Expect(1).To(Equal(2)) }
func verdictOf(r *report.Run, id string) Verdict {
	i := slices.IndexFunc(r.Results, func(res Result) bool { return res.ID == id })
	if i < 0 {
		return "none"
	}
	return r.Results[i].Verdict
}

// refusal makes every whole run meet an error answer, a deletion and a date,
// so that each invariant is judged.
func refusal(ctx context.Context, s *S) {
	b := s.Bucket(ctx)
	s.MustPut(ctx, b, "k", "v")
	_, err := s.Delete(ctx, b, "k")
	s.Expect(err).To(OK())
	_, err = s.Get(ctx, b, "k")
	s.Expect(err).To(FailWith(404, "NoSuchKey"))
}
