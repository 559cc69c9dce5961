package scenarios

import (
	"slices"
	"time"
)

// A Verdict is what became of one scenario.
type Verdict string

// The verdicts. Inside the claimed profile Fail, Silent, Unsupported, Skipped,
// Blocked and Error gate unless a baseline names them.
const (
	Pass        Verdict = "pass"
	Warn        Verdict = "warn"     // a should-rule is broken: listed, never gates
	Observed    Verdict = "observed" // an info or disputed rule: what happened is in Observations
	Fail        Verdict = "fail"
	Silent      Verdict = "silent"      // the server answered success and did not do it
	Unsupported Verdict = "unsupported" // a well-formed 501 or 405
	Blocked     Verdict = "blocked"     // a precondition or an earlier scenario failed
	Skipped     Verdict = "skipped"
	Error       Verdict = "error" // the harness broke
)

// Verdicts lists all verdicts in the order of reports.
func Verdicts() []Verdict {
	return []Verdict{Pass, Warn, Observed, Fail, Silent, Unsupported, Blocked, Skipped, Error}
}

// Gates reports whether the verdict, inside the claimed profile, ends a run
// with a non-zero exit code.
func (v Verdict) Gates() bool {
	switch v {
	case Fail, Silent, Unsupported, Blocked, Skipped, Error:
		return true
	}
	return false
}

// A Result is what one scenario found. It is data: everything a report shows
// comes from here, so that results can be stored and read again.
type Result struct {
	ID      string        `json:"id"`
	Rule    string        `json:"rule"`
	Level   Level         `json:"level"`
	Says    string        `json:"says"`
	Ref     string        `json:"ref"`
	Needs   []Feature     `json:"needs,omitempty"`
	Verdict Verdict       `json:"verdict"`
	Gating  bool          `json:"gating"`          // the verdict gates in this run
	Known   string        `json:"known,omitempty"` // why a baseline keeps it from gating
	Reason  string        `json:"reason,omitempty"`
	Where   string        `json:"where,omitempty"` // file:line of the expectation that failed, or of the scenario
	Took    time.Duration `json:"took_ns"`
	// Observations are what the scenario recorded, in order.
	Observations []Observation `json:"observations,omitempty"`
	// Exchanges are the last requests and responses, redacted; kept only when
	// the verdict is not a pass.
	Exchanges []Exchange `json:"exchanges,omitempty"`
	// Shape counts, per invariant id, the exchanges that were judged and those
	// that broke it; the engine turns the sum of a run into verdicts.
	Shape map[string]ShapeCount `json:"shape,omitempty"`
	// Drew says that the run's seed had a part in what was done: under another one
	// it is something else. It is not stored.
	Drew bool `json:"-"`
}

// Waited says whether some change was not in effect at once.
func (r Result) Waited() bool {
	return slices.ContainsFunc(r.Observations, func(o Observation) bool { return o.Name == settledAfter })
}

// settledAfter is the name under which Settle records how long a change took.
const settledAfter = "settled after"

// An Observation is one named fact that a scenario recorded.
type Observation struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A ShapeCount sums one invariant over exchanges.
type ShapeCount struct {
	Judged int      `json:"judged"`
	Broken int      `json:"broken"`
	First  string   `json:"first,omitempty"` // what was wrong the first time
	Wire   Exchange `json:"wire,omitzero"`   // the exchange that showed it
}
