package compare

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// gravity orders verdicts for a reader: a wrong success before all.
var gravity = []scenarios.Verdict{scenarios.Silent, scenarios.Fail, scenarios.Unsupported, scenarios.Blocked,
	scenarios.Skipped, scenarios.Error, scenarios.Warn}

// A Finding is one rule that a server breaks, told by the gravest of its
// results.
type Finding struct {
	Worst  scenarios.Result
	Counts Counts   // of the rule's results that did not pass
	Also   []string // ids of its other results
}

// Findings returns what the run found, a rule each, gravest first. What was
// recorded only, or is not part of what the server claims, is no finding.
func Findings(r *report.Run) []Finding {
	byRule := map[string]*Finding{}
	for _, res := range r.Results {
		if !res.Gating && res.Known == "" && res.Verdict != scenarios.Warn {
			continue
		}
		f := byRule[res.Rule]
		if f == nil {
			f = &Finding{Worst: res, Counts: Counts{}}
			byRule[res.Rule] = f
		} else if rank(res) < rank(f.Worst) {
			f.Also = append(f.Also, f.Worst.ID)
			f.Worst = res
		} else {
			f.Also = append(f.Also, res.ID)
		}
		f.Counts[res.Verdict]++
	}
	var out []Finding
	for _, f := range byRule {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank(a.Worst), rank(b.Worst)), cmp.Compare(a.Worst.Rule, b.Worst.Rule))
	})
	return out
}

func rank(r scenarios.Result) int { return slices.Index(gravity, r.Verdict) }

// passing are parts of a reason that are others in every run.
var passing = regexp.MustCompile(`\bbleep-[a-z0-9]+-[0-9]+\b|\b127\.0\.0\.1:[0-9]+\b`)

// Got is what the server did, in one line, without names of the run's own.
func (f Finding) Got() string {
	line := strings.Join(strings.Fields(f.Worst.Reason), " ")
	line = passing.ReplaceAllStringFunc(line, func(s string) string {
		if strings.HasPrefix(s, "bleep-") {
			return "BUCKET"
		}
		return "HOST"
	})
	if runes := []rune(line); len(runes) > 160 {
		line = string(runes[:160]) + "..."
	}
	return line
}

// More says what else of the rule did not pass, "" when nothing.
func (f Finding) More() string {
	if len(f.Also) == 0 {
		return ""
	}
	return fmt.Sprintf("%d results: %s", f.Counts.Total(), f.Counts)
}
