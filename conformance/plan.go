// Package conformance runs scenarios against one server and says what became
// of them: it selects, checks the ground before it starts, runs, decides what
// gates, and assembles the run's report. Two thin doors stand before it, the
// suite under `go test` and `bleepstore test`. It knows no rule of S3 and
// nothing of how reports look.
package conformance

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

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
	names     map[string]bool // ids of scenarios, invariants and rules
	must      map[string]bool // rules that some scenario judges as a must
}

// NewPlan makes a plan of options over the scenarios of all. getenv reads the
// environment. Its errors are of usage: nothing has been sent.
func NewPlan(o Options, all []scenarios.Scenario, getenv func(string) string) (*Plan, error) {
	p := &Plan{Options: o}
	var err error
	if o.ExpectLevel != "" {
		return nil, usage("-expect-level=%s: no consistency workload is part of this suite yet, so no level can gate", o.ExpectLevel)
	}
	if o.Rate < 0 || o.Settle < 0 || o.Timeout <= 0 {
		return nil, usage("-rate and -settle must not be negative, -timeout-request must be positive")
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
	p.names, p.must = map[string]bool{}, map[string]bool{}
	for _, sc := range all {
		p.names[sc.ID], p.names[sc.Rule] = true, true
		p.must[sc.Rule] = p.must[sc.Rule] || sc.Level == scenarios.Must
	}
	for _, inv := range scenarios.Invariants() {
		p.names[inv.ID], p.names[inv.Rule] = true, true
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

// choose fills in what is claimed and which items are run.
func (p *Plan) choose(all []scenarios.Scenario) error {
	o := p.Options
	var edits []string
	auto := false
	for _, f := range o.Features {
		if f == "auto" {
			auto = true
		} else {
			edits = append(edits, f)
		}
	}
	claim, err := scenarios.Claim(o.Profile, edits)
	if err != nil {
		return usage("%w", err)
	}
	p.Claimed = claim
	p.Target.Claimed = maps.Clone(claim)
	if auto {
		for _, f := range scenarios.Profiles["full"] {
			if _, told := claim[f]; !told {
				p.Target.Claimed[f] = true
			}
		}
	}
	styles, err := addressings(o.Addressing)
	if err != nil {
		return err
	}
	picked, err := p.pick(all)
	if err != nil {
		return err
	}
	ordered, err := order(picked)
	if err != nil {
		return err
	}
	for i, style := range styles {
		for _, sc := range ordered {
			it := Item{Scenario: sc, Addressing: style, Name: sc.ID, Gates: missing(sc, p.Claimed) == nil}
			if i > 0 {
				it.Name += "@" + string(style)
			}
			p.Items = append(p.Items, it)
		}
	}
	return nil
}

func addressings(s string) ([]scenarios.Addressing, error) {
	switch s {
	case "path", "virtual":
		return []scenarios.Addressing{scenarios.Addressing(s)}, nil
	case "both":
		return []scenarios.Addressing{scenarios.PathStyle, scenarios.VirtualStyle}, nil
	}
	return nil, usage("-addressing=%s: want path, virtual or both", s)
}

// missing returns the features that sc needs and have lacks.
func missing(sc scenarios.Scenario, have map[scenarios.Feature]bool) []scenarios.Feature {
	var out []scenarios.Feature
	for _, f := range sc.Needs {
		if !have[f] {
			out = append(out, f)
		}
	}
	return out
}

// pick returns the scenarios that are claimed, exist in the region and match
// -id. A glob that matches nothing at all is an error, as is an empty
// selection: a misspelt name must never make a green run.
func (p *Plan) pick(all []scenarios.Scenario) ([]scenarios.Scenario, error) {
	globs := p.Options.ID
	hit := make([]bool, len(globs))
	for i, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			return nil, usage("-id=%s: %w", g, err)
		}
		hit[i] = slices.ContainsFunc(scenarios.Invariants(), func(inv scenarios.Invariant) bool { return match(g, inv.ID, inv.Rule) })
	}
	var picked []scenarios.Scenario
	lacking := map[scenarios.Feature]bool{}
	claimed, elsewhere := 0, 0
	for _, sc := range all {
		named := len(globs) == 0
		for i, g := range globs {
			if match(g, sc.ID, sc.Rule) {
				named, hit[i] = true, true
			}
		}
		switch lack := missing(sc, p.Target.Claimed); {
		case !sc.Applies(p.Target.Region):
			if named {
				elsewhere++
			}
			continue
		case lack != nil:
			if named {
				for _, f := range lack {
					lacking[f] = true
				}
			}
			continue
		}
		claimed++
		if named {
			picked = append(picked, sc)
		}
	}
	for i, ok := range hit {
		if !ok {
			return nil, usage("-id=%s matches no scenario and no rule; `bleepstore list` shows them", globs[i])
		}
	}
	if len(picked) == 0 {
		return nil, p.nothing(lacking, elsewhere)
	}
	p.Narrowed = len(picked) < claimed
	return picked, nil
}

func match(glob, id, rule string) bool {
	a, _ := path.Match(glob, id) // the pattern has been tried
	b, _ := path.Match(glob, rule)
	return a || b
}

// nothing explains an empty selection.
func (p *Plan) nothing(lacking map[scenarios.Feature]bool, elsewhere int) error {
	why := ""
	if len(lacking) > 0 {
		var add []string
		for _, f := range slices.Sorted(maps.Keys(lacking)) {
			add = append(add, "+"+string(f))
		}
		why = "; what matches needs -features=" + strings.Join(add, ",")
	} else if elsewhere > 0 {
		why = fmt.Sprintf("; what matches does not exist in region %s", p.Target.Region)
	}
	return usage("nothing selected: profile %s, features %v, id %v%s", p.Options.Profile, p.Options.Features, p.Options.ID, why)
}

// order returns the scenarios by id, each after those it depends on.
func order(scs []scenarios.Scenario) ([]scenarios.Scenario, error) {
	byID := map[string]scenarios.Scenario{}
	for _, sc := range scs {
		byID[sc.ID] = sc
	}
	var out []scenarios.Scenario
	state := map[string]int{} // 1: being placed, 2: placed
	var place func(id string) error
	place = func(id string) error {
		sc, here := byID[id]
		switch {
		case !here || state[id] == 2: // left out by the selection, or done
			return nil
		case state[id] == 1:
			return fmt.Errorf("scenario %s depends on itself", id)
		}
		state[id] = 1
		for _, dep := range sc.After {
			if err := place(dep); err != nil {
				return err
			}
		}
		state[id] = 2
		out = append(out, sc)
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if err := place(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
