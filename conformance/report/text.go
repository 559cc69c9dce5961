package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bleepstore/scenarios"
)

// AllExchanges shows every exchange that a result kept.
const AllExchanges = 1 << 30

// Failure tells what went wrong with one result, and ends in the command that
// repeats it. At most keep exchanges are shown, the last ones.
func Failure(r scenarios.Result, keep int, repeat string) string {
	return strings.ToUpper(string(r.Verdict)) + " " + r.ID + "\n" + Detail(r, keep) + "  repeat: " + repeat + "\n"
}

// Detail is what a result says about a failure: the sentence, where the rule
// is from, got and want, the scenario's line and the last keep exchanges.
func Detail(r scenarios.Result, keep int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s\n  rule %s (%s): %s\n", r.Says, r.Rule, r.Level, r.Ref)
	if r.Reason != "" {
		fmt.Fprintf(&b, "  %s\n", prefixed(r.Reason, "    "))
	}
	if r.Where != "" {
		fmt.Fprintf(&b, "  at %s\n", r.Where)
	}
	for _, o := range r.Observations {
		fmt.Fprintf(&b, "  observed: %s: %s\n", o.Name, prefixed(o.Value, "    "))
	}
	shown := r.Exchanges[max(0, len(r.Exchanges)-keep):]
	if n := len(r.Exchanges) - len(shown); n > 0 && len(shown) > 0 {
		fmt.Fprintf(&b, "  (%d exchanges before this)\n", n)
	}
	for _, x := range shown {
		exchange(&b, x)
	}
	return b.String()
}

func exchange(b *strings.Builder, x scenarios.Exchange) {
	fmt.Fprintf(b, "  --- %d: %s %s\n  > %s\n", x.N, x.Method, x.URL, prefixed(x.Request, "  > "))
	switch {
	case x.Response != "":
		fmt.Fprintf(b, "  < %s\n", prefixed(x.Response, "  < "))
	case x.Err != "":
		fmt.Fprintf(b, "  < no answer: %s\n", prefixed(x.Err, "  < "))
	}
	if x.Curl != "" {
		fmt.Fprintf(b, "  $ %s\n", prefixed(x.Curl, "    "))
	}
}

// prefixed puts prefix before each line of s but the first.
func prefixed(s, prefix string) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	return strings.ReplaceAll(s, "\n", "\n"+prefix)
}

// WritePreflight writes what is about to be tested and what was found before.
func WritePreflight(w io.Writer, r *Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "endpoint  %s\n", strings.Join(r.Endpoints, ", "))
	fmt.Fprintf(&b, "server    %s, reachable in %s, clock %+.0f s off ours, credentials accepted\n",
		orNone(r.Preflight.Server), r.Preflight.RTT.Round(time.Millisecond/10), r.Preflight.Skew.Seconds())
	fmt.Fprintf(&b, "profile   %s%s, region %s, addressing %s\n", r.Profile, r.edits(), r.Region, r.Addressing)
	for _, n := range r.Preflight.Notes {
		fmt.Fprintf(&b, "note      %s\n", n)
	}
	fmt.Fprintf(&b, "seed      %d\n", r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

// Claim is the profile with what differs from it.
func (r *Run) Claim() string { return r.Profile + r.edits() }

// edits tells how the claim differs from the profile: " +versioning -range".
func (r *Run) edits() string {
	var b strings.Builder
	profile := scenarios.Profiles[r.Profile]
	for _, f := range scenarios.Features() {
		switch in, claimed := slices.Contains(profile, f), slices.Contains(r.Features, f); {
		case claimed && !in:
			b.WriteString(" +" + string(f))
		case in && !claimed:
			b.WriteString(" -" + string(f))
		}
	}
	return b.String()
}

// WriteVerdicts writes the end of a run: the verdicts by area, how well the
// rules are founded, and what the baseline says.
func WriteVerdicts(w io.Writer, r *Run) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "area\t")
	for _, v := range scenarios.Verdicts() {
		fmt.Fprintf(tw, "%s\t", v)
	}
	fmt.Fprint(tw, "gating\ttotal\t\n")
	rows, all := r.Areas()
	for _, row := range append(rows, all) {
		fmt.Fprintf(tw, "%s\t", row.Area)
		for _, v := range scenarios.Verdicts() {
			fmt.Fprintf(tw, "%s\t", count(row.Counts[v]))
		}
		fmt.Fprintf(tw, "%s\t%d\t\n", count(row.Gating), row.Total)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rules: %d; %d must, %d demoted, %d uncited\n", r.Rules.Total, r.Rules.Must, r.Rules.Demoted, r.Rules.Uncited)
	b.WriteString(levelLine(r))
	textWorkloads(&b, r)
	for _, f := range r.Beyond {
		fmt.Fprintf(&b, "beyond the profile: %s: %s (%d of %d passed)\n", f.Feature, f.Says(), f.Passed, f.Total)
	}
	if k := r.Known; k != nil {
		fmt.Fprintf(&b, "baseline %s: %d known failures do not gate\n", k.File, k.Used)
		for _, s := range k.Stale {
			fmt.Fprintf(&b, "baseline: stale entry %s: %s\n", s.Entry.Name(), s.Why)
		}
	}
	if r.NotRun > 0 {
		fmt.Fprintf(&b, "not run: %d\n", r.NotRun)
	}
	fmt.Fprintf(&b, "took %s, seed %d\n", r.Finished.Sub(r.Started).Round(time.Second/10), r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}
