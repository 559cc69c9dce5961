package campaign

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/fault"
	"bleepstore/fault/sim"
)

type writer = io.Writer

// Write tells a person what came of a campaign.
func (s *Sum) Write(w io.Writer) {
	wall := max(s.Wall, time.Millisecond)
	rate := 0.0
	if s.Virtual > 0 {
		rate = float64(s.Ops) / s.Virtual.Seconds()
	}
	fmt.Fprintf(w, "\n%.1f virtual minutes in %d runs, %.1f s (%.1f virtual minutes a minute)\n",
		s.Virtual.Minutes(), s.Runs, wall.Seconds(), s.Virtual.Minutes()/wall.Minutes())
	fmt.Fprintf(w, "%d operations succeeded (%.1f a virtual second), %d elections; after healing the first success within %s; nodes ended by themselves %d times\n",
		s.Ops, rate, s.Elections, s.Recovered.Round(time.Millisecond), len(s.Notes))
	fmt.Fprintf(w, "faults: %d done: %s\n", total(s.Done), counts(s.Done))
	for _, c := range s.Skipped {
		fmt.Fprintf(w, "  SKIPPED %d times: %s\n", c.N, c.What)
	}
	bad := map[sim.Outcome]int{}
	for i := range s.Failed {
		bad[s.Failed[i].Outcome]++
		s.Failed[i].write(w)
	}
	switch s.Outcome() {
	case sim.Good:
		fmt.Fprintf(w, "ok: no violation in %d runs", s.Runs-bad[sim.Inconclusive])
		if n := bad[sim.Inconclusive]; n > 0 {
			fmt.Fprintf(w, "; %d more showed nothing", n)
		}
		fmt.Fprintln(w)
	case sim.Violation:
		fmt.Fprintf(w, "VIOLATION: %d of %d runs\n", bad[sim.Violation], s.Runs)
	default:
		fmt.Fprintf(w, "INCONCLUSIVE: %d runs showed nothing, %d hung or died\n", bad[sim.Inconclusive], bad[""])
	}
}

func counts(all []check.Count) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, fmt.Sprintf("%s %d", c.What, c.N))
	}
	return strings.Join(parts, ", ")
}

func (f *Failure) write(w io.Writer) {
	fmt.Fprintf(w, "seed %d: %s\n  repeat: %s\n", f.Seed, cmpOr(f.Outcome, "no verdict: it hung or died"), f.Repeat)
	if f.Dir != "" {
		fmt.Fprintf(w, "  in %s: %s, %s, %s\n", f.Dir, historyFile, scheduleFile, verdictFile)
	}
	if f.Again != "" {
		fmt.Fprintf(w, "  it failed again in %s\n", f.Again)
	}
	if s := f.Shrunk; s != nil {
		s.write(w)
	}
}

func (s *Shrunk) write(w io.Writer) {
	fmt.Fprintf(w, "  shrunk in %s to %d events and %d operations; that fails in %s runs:\n", s.Took.Round(100*time.Millisecond), s.Events, s.Ops, s.Again)
	for _, e := range s.Schedule.Events {
		fmt.Fprintf(w, "    %s\n", told(e))
	}
	for _, why := range s.Why {
		fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(why, "\n", "\n    "))
	}
	if s.Repeat != "" {
		fmt.Fprintf(w, "  repeat: %s\n", s.Repeat)
	}
}

func told(e fault.Event) string {
	if k, ok := fault.Find(e.Kind); ok {
		return fmt.Sprintf("%s\n      %s", e, k.Says)
	}
	return e.String()
}
