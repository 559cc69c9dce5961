package mutation

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// line is a row as it comes.
func (r *Row) line() string {
	head := fmt.Sprintf("%-9s  %s", r.Verdict, r.Name)
	if r.Verdict != Killed {
		return fmt.Sprintf("%s\n           %s\n           %s", strings.ToUpper(head[:9])+head[9:], r.Says, r.Why)
	}
	out := fmt.Sprintf("%s  by %s  in %s", head, r.Killer, brief(r.Kill))
	if r.Areas > 0 {
		out += fmt.Sprintf("  (%d of %d failed; %d of %d other areas pass)", len(r.Failed), r.Ran, r.Passed, r.Areas)
	}
	return out
}

func brief(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// Write writes the summary.
func (r *Report) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "\ngroup\tmutants\tkilled\t\n")
	total, killed := 0, 0
	for _, g := range r.Groups {
		fmt.Fprintf(tw, "%s\t%d\t%d\t\n", g.Name, g.Total, g.Killed)
		total, killed = total+g.Total, killed+g.Killed
	}
	fmt.Fprintf(tw, "all\t%d\t%d\t\n", total, killed)
	if err := tw.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	if killed > 0 {
		fmt.Fprintf(&b, "time to kill: median %s, longest %s\n", brief(r.Median), brief(r.Longest))
	}
	for _, v := range []Verdict{Survived, Broad, NoGround, NotRun} {
		for i, row := range r.Of(v) {
			if i == 0 {
				fmt.Fprintf(&b, "%s:\n", v)
			}
			fmt.Fprintf(&b, "  %s: %s\n", row.Name, row.Why)
		}
	}
	for _, f := range r.Families {
		fmt.Fprintf(&b, "systematic %s: %d bugs, which %d scenarios meet; with %d of them %d scenarios failed that had killed nothing\n", f.Name, f.Bugs, f.Met, f.Ran, len(f.Failed))
	}
	r.writeUnkilled(&b)
	r.writeAlarms(&b)
	fmt.Fprintf(&b, "took %s", brief(r.Finished.Sub(r.Started)))
	for _, s := range r.Stages {
		fmt.Fprintf(&b, ", %s %s", s.Name, brief(s.Took))
	}
	fmt.Fprintf(&b, "; seed %d\n", r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

// mostNames is how many scenarios a summary names.
const mostNames = 100

func (r *Report) writeUnkilled(b *strings.Builder) {
	if r.Gating == 0 {
		return
	}
	fmt.Fprintf(b, "gating scenarios that kill nothing: %d of %d\n", len(r.Unkilled), r.Gating)
	for i, u := range r.Unkilled {
		if i == mostNames {
			fmt.Fprintf(b, "  and %d more, which mutants.json names\n", len(r.Unkilled)-i)
			break
		}
		if u.Reason != "" {
			fmt.Fprintf(b, "  %s: %s\n", u.ID, u.Reason)
		} else {
			fmt.Fprintf(b, "  %s\n", u.ID)
		}
	}
	for _, id := range r.Unknown {
		fmt.Fprintf(b, "unkilled.yaml: %s names no scenario that gates\n", id)
	}
	for _, id := range r.Needless {
		fmt.Fprintf(b, "unkilled.yaml: %s kills something\n", id)
	}
}

func (r *Report) writeAlarms(b *strings.Builder) {
	fmt.Fprintf(b, "false alarms without bugs, over %d seeds: %d\n", r.Seeds, len(r.Alarms))
	for _, a := range r.Alarms {
		fmt.Fprintf(b, "  %s\n", a)
	}
	for _, l := range r.Ledgers {
		fmt.Fprintf(b, "not all was removed; finish with: bleepstore cleanup --ledger %s\n", l)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(b, "note: %s\n", n)
	}
}
