package conformance

import (
	"fmt"
	"slices"

	"bleepstore/scenarios"
)

// invariants turns what every exchange of the results was held to into one
// result for each invariant. whole says that the whole claim was run: only
// then does an invariant that met no exchange gate.
func invariants(results []scenarios.Result, whole bool) []scenarios.Result {
	var out []scenarios.Result
	for _, inv := range scenarios.Invariants() {
		res := scenarios.Result{ID: inv.ID, Rule: inv.Rule, Level: inv.Level, Says: inv.Says, Ref: inv.Ref, Needs: nil}
		var sum scenarios.ShapeCount
		for _, r := range results {
			c := r.Shape[inv.ID]
			if sum.First == "" && c.First != "" {
				sum.First, sum.Wire, res.Where = c.First, c.Wire, r.ID
			}
			sum.Judged += c.Judged
			sum.Broken += c.Broken
		}
		judgeInvariant(&res, sum, whole)
		out = append(out, res)
	}
	return out
}

func judgeInvariant(res *scenarios.Result, sum scenarios.ShapeCount, whole bool) {
	switch {
	case sum.Judged == 0:
		res.Verdict, res.Reason = scenarios.Skipped, "no exchange of this run is subject to it"
		res.Gating = whole
		return
	case sum.Broken == 0:
		res.Verdict = scenarios.Pass
	case res.Level == scenarios.Must:
		res.Verdict, res.Gating = scenarios.Fail, true
	case res.Level == scenarios.Should:
		res.Verdict = scenarios.Warn
	default:
		res.Verdict = scenarios.Observed
	}
	res.Observations = []scenarios.Observation{{Name: "exchanges", Value: fmt.Sprintf("%d judged, %d broken", sum.Judged, sum.Broken)}}
	if sum.Broken > 0 {
		res.Reason = fmt.Sprintf("%s (in %d of %d exchanges, first in %s)", sum.First, sum.Broken, sum.Judged, res.Where)
		res.Exchanges = []scenarios.Exchange{sum.Wire}
	}
}

// IsInvariant reports whether id names an invariant, whose result is judged
// over a whole run.
func IsInvariant(id string) bool {
	return slices.ContainsFunc(scenarios.Invariants(), func(inv scenarios.Invariant) bool { return inv.ID == id })
}
