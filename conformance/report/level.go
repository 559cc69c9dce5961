package report

import (
	"fmt"
	"strings"

	"bleepstore/scenarios"
)

// levels returns the results that observed a level of consistency.
func (r *Run) levels() []scenarios.Result {
	return r.pick(func(res scenarios.Result) bool { return observed(res, "level") != "" })
}

// observed is the value of a result's observation, "" where it has none of the
// name.
func observed(res scenarios.Result, name string) string {
	for _, o := range res.Observations {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// levelLine tells the levels reached in one line: a level that is the highest
// which the workload can show stands alone.
func levelLine(r *Run) string {
	var each []string
	for _, res := range r.levels() {
		_, name, _ := strings.Cut(res.ID, ".")
		level := observed(res, "level")
		if got, top, _ := strings.Cut(level, " of "); got == top {
			level = got
		}
		each = append(each, name+" "+level)
	}
	if len(each) == 0 {
		return ""
	}
	return fmt.Sprintf("levels of consistency: %s\n", strings.Join(each, ", "))
}

func summaryLevels(b *strings.Builder, r *Run) {
	results := r.levels()
	if len(results) == 0 {
		return
	}
	b.WriteString("\n## Levels of consistency\n\n| workload | level | operations |\n|---|---|---|\n")
	for _, res := range results {
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(res.ID), cell(observed(res, "level")), cell(observed(res, "operations")))
	}
}
