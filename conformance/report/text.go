package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"bleepstore/scenarios"
)

// Failure tells what went wrong with one result: the sentence, where the rule
// is from, got and want, the exchanges, and the command that repeats it.
func Failure(r scenarios.Result, repeat string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n  %s\n", strings.ToUpper(string(r.Verdict)), r.ID, r.Says)
	fmt.Fprintf(&b, "  rule %s (%s): %s\n", r.Rule, r.Level, r.Ref)
	if r.Reason != "" {
		fmt.Fprintf(&b, "  %s\n", indent(r.Reason))
	}
	if r.Where != "" {
		fmt.Fprintf(&b, "  at %s\n", r.Where)
	}
	for _, o := range r.Observations {
		fmt.Fprintf(&b, "  observed: %s: %s\n", o.Name, indent(o.Value))
	}
	for _, x := range r.Exchanges {
		fmt.Fprintf(&b, "  --- %d: %s %s\n", x.N, x.Method, x.URL)
		fmt.Fprintf(&b, "  > %s\n", prefixed(x.Request, "  > "))
		switch {
		case x.Response != "":
			fmt.Fprintf(&b, "  < %s\n", prefixed(x.Response, "  < "))
		case x.Err != "":
			fmt.Fprintf(&b, "  < no answer: %s\n", indent(x.Err))
		}
		if x.Curl != "" {
			fmt.Fprintf(&b, "  $ %s\n", indent(x.Curl))
		}
	}
	fmt.Fprintf(&b, "  repeat: %s\n", repeat)
	return b.String()
}

func indent(s string) string { return prefixed(s, "    ") }

// prefixed puts prefix before each line of s but the first.
func prefixed(s, prefix string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+prefix)
}

// WritePreflight writes what is about to be tested and what was found before.
func WritePreflight(w io.Writer, r *Run) error {
	var b strings.Builder
	server := r.Preflight.Server
	if server == "" {
		server = "(no Server header)"
	}
	fmt.Fprintf(&b, "endpoint     %s  reachable in %s, credentials accepted\n", strings.Join(r.Endpoints, ", "), r.Preflight.RTT.Round(time.Millisecond/10))
	fmt.Fprintf(&b, "server       %s  clock %+.0f s off ours\n", server, r.Preflight.Skew.Seconds())
	fmt.Fprintf(&b, "profile      %s  region %s, addressing %s\n", r.Profile, r.Region, r.Addressing)
	for _, n := range r.Preflight.Notes {
		fmt.Fprintf(&b, "note         %s\n", n)
	}
	fmt.Fprintf(&b, "seed         %d\n", r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteTable writes the verdicts by area.
func WriteTable(w io.Writer, r *Run) error {
	rows, all := r.Areas()
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "area\t")
	for _, v := range scenarios.Verdicts() {
		fmt.Fprintf(tw, "%s\t", v)
	}
	fmt.Fprint(tw, "gating\ttotal\t\n")
	for _, row := range append(rows, all) {
		fmt.Fprintf(tw, "%s\t", row.Area)
		for _, v := range scenarios.Verdicts() {
			fmt.Fprintf(tw, "%s\t", count(row.Counts[v]))
		}
		fmt.Fprintf(tw, "%s\t%d\t\n", count(row.Gating), row.Total)
	}
	return tw.Flush()
}

func count(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}
