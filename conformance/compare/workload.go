package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bleepstore/conformance/report"
)

// A Workload is what a well-known program relies on, and whether each server
// is safe for it.
type Workload struct {
	Name, Says, Link string
	Answers          []report.WorkloadVerdict // one a server; without a Name: its run says nothing
}

// Workloads returns a row for each workload that a run speaks of.
func (c *Comparison) Workloads() []Workload {
	var out []Workload
	for i, s := range c.Servers {
		for _, v := range s.Run.Judged {
			at := slices.IndexFunc(out, func(w Workload) bool { return w.Name == v.Name })
			if at < 0 {
				at = len(out)
				out = append(out, Workload{v.Name, v.Says, v.Link, make([]report.WorkloadVerdict, len(c.Servers))})
			}
			out[at].Answers[i] = v
		}
	}
	return out
}

// workloads writes whether each server is safe for each workload, and why not.
func (c *Comparison) workloads(b *strings.Builder) {
	rows := c.Workloads()
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n## Is it safe for ...?\n\nA yes says that every scenario that the program rests on passed; of what the run did not judge, such as what a crash leaves, it does not speak.\n\n| program |")
	for _, s := range c.Servers {
		fmt.Fprintf(b, " %s |", s.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(c.Servers)) + "\n")
	var why []string
	for _, w := range rows {
		fmt.Fprintf(b, "| [%s](%s): %s |", cell(w.Name), w.Link, cell(w.Says))
		for i, v := range w.Answers {
			fmt.Fprintf(b, " %s |", cmp.Or(v.Answer, "-"))
			if v.Answer == report.No && len(v.Because) > 0 {
				line := fmt.Sprintf("- %s, %s: %s", c.Servers[i].Name, escape(w.Name), escape(v.Because[0]))
				if more := len(v.Because) - 1; more > 0 {
					line += fmt.Sprintf("; and %d more", more)
				}
				why = append(why, line)
			}
		}
		b.WriteString("\n")
	}
	if len(why) > 0 {
		b.WriteString("\nWhy not:\n\n" + strings.Join(why, "\n") + "\n")
	}
}
