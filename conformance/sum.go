package conformance

import (
	"maps"
	"slices"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// countRules sums how well founded the rules behind the results are.
func (p *Plan) countRules(results []scenarios.Result) report.RuleCounts {
	seen := map[string]bool{}
	var c report.RuleCounts
	for _, r := range results {
		if seen[r.Rule] {
			continue
		}
		seen[r.Rule] = true
		rule, _ := p.catalogue.Rule(r.Rule)
		c.Total++
		switch {
		case p.must[r.Rule]:
			c.Must++
		case rule.Documented():
			c.Demoted++
		default:
			c.Uncited++
		}
	}
	return c
}

// beyond tells of each feature that was run without being claimed.
func (p *Plan) beyond(results []scenarios.Result) []report.FeatureRow {
	rows := map[scenarios.Feature]*report.FeatureRow{}
	for _, r := range results {
		for _, f := range r.Needs {
			if p.Claimed[f] {
				continue
			}
			if rows[f] == nil {
				rows[f] = &report.FeatureRow{Feature: f}
			}
			rows[f].Total++
			switch r.Verdict {
			case scenarios.Pass, scenarios.Warn, scenarios.Observed:
				rows[f].Passed++
			case scenarios.Unsupported, scenarios.Blocked, scenarios.Skipped:
				rows[f].Refused++
			}
		}
	}
	var out []report.FeatureRow
	for _, f := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, *rows[f])
	}
	return out
}
