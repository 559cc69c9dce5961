package report

import (
	"fmt"
	"slices"
	"strings"
)

// sortedByAnswer returns the verdicts, no first, then yes, then unknown, each
// in their own order.
func sortedByAnswer(vs []WorkloadVerdict) []WorkloadVerdict {
	order := []string{No, Yes, Unknown}
	out := slices.Clone(vs)
	slices.SortStableFunc(out, func(a, b WorkloadVerdict) int {
		return slices.Index(order, a.Answer) - slices.Index(order, b.Answer)
	})
	return out
}

// summaryWorkloads writes the table of workloads.
func summaryWorkloads(b *strings.Builder, r *Run) {
	if len(r.Judged) == 0 {
		return
	}
	b.WriteString("\n## Is this store safe for ...?\n\nA yes says that every scenario that the workload rests on passed in this run;" +
		" what this run did not judge, such as what a crash leaves, it does not speak of.\n\n| workload | safe | because |\n|---|---|---|\n")
	for _, v := range sortedByAnswer(r.Judged) {
		shown := v.Because[:min(3, len(v.Because))]
		why := strings.Join(shown, "; ")
		if n := len(v.Because) - len(shown); n > 0 {
			why += fmt.Sprintf("; and %d more", n)
		}
		fmt.Fprintf(b, "| [%s](%s): %s | %s | %s |\n", cell(v.Name), v.Link, cell(v.Says), v.Answer, cell(why))
	}
}

// textWorkloads writes a line for each workload that has an answer, and one
// that counts those that have none.
func textWorkloads(b *strings.Builder, r *Run) {
	open, raced := 0, false
	for _, v := range sortedByAnswer(r.Judged) {
		more := ""
		switch {
		case v.Answer == Unknown:
			open++
			continue
		case len(v.Because) > 1 && v.Answer == No:
			more = fmt.Sprintf("; and %d more", len(v.Because)-1)
		case len(v.Because) > 1:
			more, raced = " *", true
		}
		fmt.Fprintf(b, "safe for %s: %s: %s%s\n", v.Name, v.Answer, v.Because[0], more)
	}
	if raced {
		b.WriteString("  * concurrent writers were raced, for moments: that none was seen to lose is no proof\n")
	}
	if open > 0 && open < len(r.Judged) {
		fmt.Fprintf(b, "safe for %d others: unknown: not all that they rest on was judged\n", open)
	}
}
