// Package conformance runs scenarios against one server and says what became
// of them: it selects, checks the ground before it starts, runs, decides what
// gates, and assembles the run's report. Two thin doors stand before it, the
// suite under `go test` and `bleepstore test`. It knows no rule of S3 and
// nothing of how reports look.
package conformance

import (
	"os"
	"time"

	"bleepstore/conformance/model"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// An Item is one scenario as it is run: with one addressing, gating or not.
type Item struct {
	scenarios.Scenario
	Addressing scenarios.Addressing
	// Name is the id of the item's result: that of the scenario, with
	// "@virtual" behind it in the second pass of -addressing=both.
	Name string
	// Gates is false for what -features auto runs beyond the claim.
	Gates bool
	// Settle is how long it waits for a change; 0: as long as the target says.
	Settle time.Duration
}

// A Plan is a run that has been found sound on paper: a target, and what is
// to be checked on it.
type Plan struct {
	Options Options
	Target  scenarios.Target
	Items   []Item // each after those it depends on
	Claimed map[scenarios.Feature]bool
	// Narrowed says that -id left out scenarios of the claim.
	Narrowed bool

	baseline  report.Baseline
	catalogue *scenarios.Catalogue
	workloads *report.Workloads
	exists    func(name string) bool // of scenarios, invariants and rules
	must      map[string]bool        // rules that some scenario judges as a must
	applies   []scenarios.Scenario   // those of the catalogue that exist for the target
}

// NewPlan makes a plan of options over the scenarios of all. getenv reads the
// environment. Its errors are of usage: nothing has been sent.
func NewPlan(o Options, all []scenarios.Scenario, getenv func(string) string) (*Plan, error) {
	p := &Plan{Options: o}
	var err error
	if o.ExpectLevel != "" {
		if _, err := model.ParseLevel(o.ExpectLevel); err != nil {
			return nil, usage("-expect-level: %w", err)
		}
	}
	if o.Rate < 0 || o.Settle < 0 || o.Consistency < 0 || o.Timeout <= 0 {
		return nil, usage("-rate, -settle and -consistency must not be negative, -timeout-request must be positive")
	}
	if o.embedded {
		getenv = func(string) string { return "" }
	}
	if p.Target, err = o.target(getenv); err != nil {
		return nil, err
	}
	if o.Rate > 0 {
		p.Target.Pace = newPacer(o.Rate).wait
	}
	if err := p.choose(all); err != nil {
		return nil, err
	}
	return p, p.load(all)
}

// load reads the catalogue and the baseline.
func (p *Plan) load(all []scenarios.Scenario) error {
	var err error
	if p.catalogue, err = scenarios.LoadCatalogue(); err != nil {
		return err
	}
	if p.workloads, err = report.LoadWorkloads(); err != nil {
		return err
	}
	p.exists, p.must = Exists(all), map[string]bool{}
	for _, sc := range all {
		p.must[sc.Rule] = p.must[sc.Rule] || sc.Level == scenarios.Must
		if sc.Applies(p.Target.Region) {
			p.applies = append(p.applies, sc)
		}
	}
	for _, inv := range scenarios.Invariants() {
		p.must[inv.Rule] = p.must[inv.Rule] || inv.Level == scenarios.Must
	}
	file := p.Options.Baseline
	if file == "" {
		if p.Options.StrictBaseline {
			return usage("-strict-baseline without -baseline")
		}
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return usage("-baseline: %w", err)
	}
	if p.baseline, err = report.ParseBaseline(data); err != nil {
		return usage("%s: %w", file, err)
	}
	return nil
}
