// The suite under go test: one Ginkgo spec for each scenario. This file alone
// knows Ginkgo.
package conformance_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	"bleepstore/reference"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

var options conformance.Options

func TestMain(m *testing.M) {
	options.Bind(flag.CommandLine)
	flag.Parse()
	suite, _ := GinkgoConfiguration()
	if run := flag.Lookup("test.run"); run.Value.String() == "" && (len(options.Endpoint) > 0 || suite.ParallelTotal > 1) {
		// The engine's own tests say nothing about that server.
		if err := run.Value.Set("^TestConformance$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

const (
	entryName = "result"
	repeatBy  = "go test ./conformance"
)

func TestConformance(t *testing.T) {
	suite, reporter := GinkgoConfiguration()
	opts := options
	if len(opts.Endpoint) == 0 {
		embed(t, &opts)
		if testing.Short() && len(opts.ID) == 0 { // of our own server a part will do
			opts.ID = []string{"bucket.*", "object.*", "conditional.*"}
		}
	}
	if opts.Seed == 0 {
		opts.Seed = uint64(suite.RandomSeed) // the same in every parallel process
	}
	if opts.Bucket != "" && suite.ParallelTotal > 1 {
		t.Fatal("-bucket runs one scenario at a time: leave out ginkgo's -p")
	}
	suite.FailFast = suite.FailFast || opts.FailFast
	reporter.NoColor = reporter.NoColor || os.Getenv("NO_COLOR") != "" || !report.Terminal(os.Stdout)
	plan, err := conformance.NewPlan(opts, scenarios.All(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	describe(plan, run)
	RunSpecs(t, "S3 conformance", suite, reporter)
}

// embed starts a reference server for the run.
func embed(t *testing.T, opts *conformance.Options) {
	alt := reference.User{AccessKey: "second", SecretKey: "second-secret-key"}
	cert, err := reference.SelfSigned("", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	srv := reference.Start(t, func(c *reference.Config) {
		c.Users = append(c.Users, alt)
		c.WebsiteAddr = "127.0.0.1:0"
		c.TLSAddr, c.TLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	opts.Embed(conformance.Embedded{URL: srv.URL, TLSURL: srv.Server.TLSURL(), WebsiteURL: srv.Server.WebsitesURL(), AccessKey: srv.AccessKey, SecretKey: srv.SecretKey,
		AltAccessKey: alt.AccessKey, AltSecretKey: alt.SecretKey, Clock: srv.Server.Expire})
}

// describe registers a spec for each item, the end of each process and the
// report of all.
func describe(plan *conformance.Plan, run *conformance.Run) {
	for _, it := range plan.Items {
		decorators := []any{at(it), Label(it.Area(), string(it.Level))}
		if it.Alone() {
			decorators = append(decorators, Serial)
		}
		It(it.Name+": "+it.Says, append(decorators, func(ctx SpecContext) {
			res, ok := run.Check(ctx, it)
			if !ok {
				Skip("interrupted")
			}
			line, err := json.Marshal(res)
			if err != nil {
				Fail(err.Error())
			}
			AddReportEntry(entryName, string(line), ReportEntryVisibilityNever)
			if res.Gating {
				Fail(report.Failure(res, report.AllExchanges, plan.RepeatResult(repeatBy, res)))
			}
		})...)
	}
	AfterSuite(func(ctx context.Context) {
		left, file, err := run.Close(ctx)
		if err != nil || len(left) > 0 {
			Fail(fmt.Sprintf("clean-up is incomplete: %v left %v; finish with: bleepstore cleanup --ledger %s", err, left, file))
		}
	})
	ReportBeforeSuite(func(Report) { say(report.WritePreflight(os.Stdout, run.Report(nil, false))) })
	ReportAfterSuite("the verdicts", func(r Report) { conclude(plan, run, r) })
}

// say fails the suite when its own lines cannot be written.
func say(err error) {
	if err != nil {
		Fail(err.Error())
	}
}

// at makes a spec stand where its scenario is declared.
func at(it conformance.Item) types.CodeLocation {
	file, line := it.Pos()
	return types.CodeLocation{FileName: file, LineNumber: line}
}

// conclude gathers the results of every process and judges the whole.
func conclude(plan *conformance.Plan, run *conformance.Run, r Report) {
	whole := run.Report(gather(r), len(r.SpecialSuiteFailureReasons) > 0)
	say(report.WriteVerdicts(os.Stdout, whole))
	if options.Out != "" {
		say(report.Write(options.Out, whole))
	}
	say(report.ToGitHub(os.Stdout, os.Getenv, whole))
	var failed string
	for _, res := range whole.Gating() {
		if conformance.IsInvariant(res.ID) { // the others failed their own specs
			failed += "\n" + report.Failure(res, report.AllExchanges, plan.RepeatResult(repeatBy, res))
		}
	}
	for _, s := range whole.Known.Gating() {
		failed += fmt.Sprintf("\nthe baseline's entry %s is stale: %s", s.Entry.Name(), s.Why)
	}
	if failed != "" {
		Fail(failed)
	}
}

// gather returns the results that the specs of all processes attached.
func gather(r Report) []scenarios.Result {
	var results []scenarios.Result
	for _, spec := range r.SpecReports {
		for _, e := range spec.ReportEntries {
			text, ok := e.GetRawValue().(string)
			if e.Name != entryName || !ok {
				continue
			}
			var res scenarios.Result
			say(json.Unmarshal([]byte(text), &res))
			results = append(results, res)
		}
	}
	return results
}
