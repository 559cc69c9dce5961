package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bleepstore/scenarios"
)

// WriteSummary writes the run as one page of Markdown: what was tested, the
// verdicts by area, how well the rules are founded, and what did not pass.
// There is no single percentage: one silent loss of data outweighs any number
// of passes.
func WriteSummary(w io.Writer, r *Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# S3 conformance of %s\n\n", strings.Join(r.Endpoints, ", "))
	fmt.Fprintf(&b, "- Server: %s\n- Profile: %s%s, region %s, addressing %s\n- Run: %s, %s, seed %d\n",
		cell(orNone(r.Preflight.Server)), r.Profile, r.edits(), r.Region, r.Addressing,
		r.Started.Format(time.RFC3339), r.Finished.Sub(r.Started).Round(time.Second/10), r.Seed)
	fmt.Fprintf(&b, "- Gating: **%d** of %d\n", len(r.Gating()), len(r.Results))
	if len(r.ID) > 0 {
		fmt.Fprintf(&b, "- Only: %s\n", code(strings.Join(r.ID, ",")))
	}
	for _, n := range r.Preflight.Notes {
		fmt.Fprintf(&b, "- Note: %s\n", cell(n))
	}
	if r.NotRun > 0 {
		fmt.Fprintf(&b, "- **Not run: %d**\n", r.NotRun)
	}
	summaryTable(&b, r)
	fmt.Fprintf(&b, "\nRules: %d; %d judged as must, %d demoted (documented, judged as no more than should), %d uncited (observed, unsettled or disputed).\n",
		r.Rules.Total, r.Rules.Must, r.Rules.Demoted, r.Rules.Uncited)
	summaryWorkloads(&b, r)
	summaryLevels(&b, r)
	summaryBeyond(&b, r)
	summaryList(&b, "What gates", r.Gating())
	summaryList(&b, "Known failures, named by the baseline", r.pick(func(res scenarios.Result) bool { return res.Known != "" }))
	summaryStale(&b, r)
	summaryList(&b, "Warnings", r.pick(func(res scenarios.Result) bool { return res.Verdict == scenarios.Warn }))
	fmt.Fprintf(&b, "\nRepeat with %s\n", code(r.Repeat))
	_, err := io.WriteString(w, b.String())
	return err
}

func orNone(s string) string {
	if s == "" {
		return "(no Server header)"
	}
	return s
}

// pick returns the results that keep says, in order.
func (r *Run) pick(keep func(scenarios.Result) bool) []scenarios.Result {
	var out []scenarios.Result
	for _, res := range r.Results {
		if keep(res) {
			out = append(out, res)
		}
	}
	return out
}

func summaryTable(b *strings.Builder, r *Run) {
	b.WriteString("\n| area |")
	for _, v := range scenarios.Verdicts() {
		fmt.Fprintf(b, " %s |", v)
	}
	b.WriteString(" gating | total |\n|---|" + strings.Repeat("---:|", len(scenarios.Verdicts())+2) + "\n")
	rows, all := r.Areas()
	for _, row := range append(rows, all) {
		fmt.Fprintf(b, "| %s |", row.Area)
		for _, v := range scenarios.Verdicts() {
			fmt.Fprintf(b, " %s |", count(row.Counts[v]))
		}
		fmt.Fprintf(b, " %s | %d |\n", count(row.Gating), row.Total)
	}
}

func summaryBeyond(b *strings.Builder, r *Run) {
	if len(r.Beyond) == 0 {
		return
	}
	b.WriteString("\n## Beyond the profile\n\n| feature | | passed | refused | total |\n|---|---|---:|---:|---:|\n")
	for _, f := range r.Beyond {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %d |\n", f.Feature, f.Says(), f.Passed, f.Refused, f.Total)
	}
}

func summaryList(b *strings.Builder, title string, results []scenarios.Result) {
	if len(results) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| verdict | scenario | rule | what | got |\n|---|---|---|---|---|\n", title)
	for _, res := range results {
		why := res.Reason
		if res.Known != "" {
			why += "; known: " + res.Known
		}
		fmt.Fprintf(b, "| %s | %s | [%s](%s) | %s | %s |\n", res.Verdict, code(res.ID), res.Rule, res.Ref, cell(res.Says), cell(why))
	}
}

func summaryStale(b *strings.Builder, r *Run) {
	if r.Known == nil || len(r.Known.Stale) == 0 {
		return
	}
	b.WriteString("\n## Stale entries of the baseline\n\n")
	for _, s := range r.Known.Stale {
		fmt.Fprintf(b, "- %s: %s\n", code(s.Entry.Name()), cell(s.Why))
	}
}

// cell makes s safe within one cell of a Markdown table.
func cell(s string) string {
	s, _, cut := strings.Cut(strings.TrimSpace(s), "\n")
	if cut {
		s += " ..."
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }
