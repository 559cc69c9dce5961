// Package report turns the results of a run into what people and programs
// read: result.json, JUnit XML, a Markdown summary and the lines of a
// terminal; and it reads the baseline of known failures. It knows results, not
// scenarios: it could render a run of years ago.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"bleepstore/scenarios"
)

// Schema names the version of result.json. It changes when a field changes
// its meaning or goes away; new fields may appear under the same name.
const Schema = "bleepstore.result/1"

// A Run is one run of the suite against one server: the content of
// result.json.
type Run struct {
	Schema   string    `json:"schema"`
	Tool     string    `json:"tool"` // version of bleepstore
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`

	Endpoints  []string            `json:"endpoints"`
	Region     string              `json:"region"`
	Addressing string              `json:"addressing"` // path, virtual or both
	Profile    string              `json:"profile"`
	Features   []scenarios.Feature `json:"features"` // claimed, in the order of the catalogue
	ID         []string            `json:"id,omitempty"`
	Seed       uint64              `json:"seed"`

	Preflight Preflight          `json:"preflight"`
	Results   []scenarios.Result `json:"results"` // ascending by id
	// Rules counts the rules that the results are about.
	Rules RuleCounts `json:"rules"`
	// Beyond tells, under -features=auto, which features the server has beyond
	// what was claimed.
	Beyond []FeatureRow `json:"beyond,omitempty"`
	Known  *Known       `json:"baseline,omitempty"`
	// Judged says whether the store is safe for well-known programs; read it
	// by Workloads.
	Judged []WorkloadVerdict `json:"workloads,omitempty"`
	// NotRun counts what was selected and has no result, since the run was
	// interrupted or stopped at its first failure.
	NotRun      int  `json:"not_run"`
	Interrupted bool `json:"interrupted,omitempty"`
	// Leftover names what the clean-up could not remove; Ledger is the file
	// that `bleepstore cleanup --ledger` finishes from, "" when nothing is left.
	Leftover []string `json:"leftover,omitempty"`
	Ledger   string   `json:"ledger,omitempty"`
	// Repeat is the command that repeats the run; RepeatOne repeats one result
	// of it, once -id is put behind: see Command.
	Repeat    string `json:"repeat"`
	RepeatOne string `json:"repeat_one,omitempty"`
}

// Command returns the command that repeats a result of the run; for an
// invariant, the scenario that broke it first, or the whole run when none did.
func (r *Run) Command(res scenarios.Result) string {
	if res.Where == "" {
		return r.Repeat
	}
	id, of := BrokenBy(res)
	if !of {
		id, _, _ = strings.Cut(res.ID, "@")
	}
	return r.CommandFor(id)
}

// BrokenBy returns the scenario that broke an invariant first, false when the
// result is no broken invariant's.
func BrokenBy(res scenarios.Result) (id string, ok bool) {
	if res.Where == "" || strings.Contains(res.Where, ":") { // a line of a file
		return "", false
	}
	id, _, _ = strings.Cut(res.Where, "@")
	return id, true
}

// CommandFor returns the command that repeats what an id or a rule names.
func (r *Run) CommandFor(id string) string {
	if r.RepeatOne == "" { // a run of before that field
		return r.Repeat + " --id=" + id
	}
	return r.RepeatOne + " --id=" + id
}

// Preflight is what was found before the first scenario.
type Preflight struct {
	Server string        `json:"server"`  // Server header, "" when there is none
	Skew   time.Duration `json:"skew_ns"` // the server's clock less ours
	RTT    time.Duration `json:"rtt_ns"`
	Notes  []string      `json:"notes,omitempty"` // what is odd yet no obstacle
}

// RuleCounts sums how well founded the rules of a run are.
type RuleCounts struct {
	Total int `json:"total"` // distinct rules
	Must  int `json:"must"`  // documented, and judged as a must
	// Demoted rules count as documented but are judged as no more than a
	// should; scenarios/exceptions.yaml says why.
	Demoted int `json:"demoted"`
	// Uncited rules are observed, unsettled or disputed: no page states them.
	Uncited int `json:"uncited"`
}

// A FeatureRow tells whether the server has a feature that it did not claim.
type FeatureRow struct {
	Feature scenarios.Feature `json:"feature"`
	Passed  int               `json:"passed"`
	Refused int               `json:"refused"` // unsupported, blocked or skipped
	Total   int               `json:"total"`
}

// Says is the row in a word.
func (f FeatureRow) Says() string {
	switch {
	case f.Passed == f.Total:
		return "has it"
	case f.Passed == 0:
		return "lacks it"
	}
	return "has it in part"
}

// Sort puts the results in the order of their ids.
func (r *Run) Sort() {
	slices.SortFunc(r.Results, func(a, b scenarios.Result) int { return cmp.Compare(a.ID, b.ID) })
}

// Count returns how many results have the verdict.
func (r *Run) Count(v scenarios.Verdict) int {
	n := 0
	for _, res := range r.Results {
		if res.Verdict == v {
			n++
		}
	}
	return n
}

// Gating returns the results that gate, in order.
func (r *Run) Gating() []scenarios.Result {
	var out []scenarios.Result
	for _, res := range r.Results {
		if res.Gating {
			out = append(out, res)
		}
	}
	return out
}

// An AreaRow is one area's line of the verdict table.
type AreaRow struct {
	Area   string                    `json:"area"`
	Counts map[scenarios.Verdict]int `json:"counts"`
	Gating int                       `json:"gating"`
	Total  int                       `json:"total"`
}

// Areas sums the results by area, ascending, and in all.
func (r *Run) Areas() (rows []AreaRow, all AreaRow) {
	byArea := map[string]*AreaRow{}
	all = AreaRow{Area: "all", Counts: map[scenarios.Verdict]int{}}
	for _, res := range r.Results {
		name, _, _ := strings.Cut(res.ID, ".")
		row := byArea[name]
		if row == nil {
			row = &AreaRow{Area: name, Counts: map[scenarios.Verdict]int{}}
			byArea[name] = row
		}
		row.add(res)
		all.add(res)
	}
	for _, row := range byArea {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b AreaRow) int { return cmp.Compare(a.Area, b.Area) })
	return rows, all
}

func (a *AreaRow) add(res scenarios.Result) {
	a.Counts[res.Verdict]++
	a.Total++
	if res.Gating {
		a.Gating++
	}
}
