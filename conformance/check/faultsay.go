package check

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// exitCode is what faults add to the verdict on the workloads. f may be nil.
func (f *Faults) exitCode() int {
	switch {
	case f == nil:
		return 0
	case f.Diverged != "":
		return 4
	case len(f.Failing) > 0:
		return 1
	case f.Inconclusive != "":
		return 6
	}
	return 0
}

// Write tells a person what a run with faults shows.
func (f *Faults) Write(w io.Writer) {
	fmt.Fprintf(w, "%-12s %s\n", "faults", counts(f.Done))
	for _, c := range f.Skipped {
		fmt.Fprintf(w, "  SKIPPED %d times: %s\n", c.N, c.What)
	}
	for _, c := range f.Failed {
		fmt.Fprintf(w, "  went wrong %d times: %s\n", c.N, c.What)
	}
	f.writeWindows(w)
	f.writeRecovery(w)
	f.writeStates(w)
	for _, s := range f.Failing {
		fmt.Fprintf(w, "  FAILED: %s\n", s)
	}
	for _, s := range f.Starved {
		fmt.Fprintf(w, "  INCONCLUSIVE: %s\n", s)
	}
	if f.Inconclusive != "" {
		fmt.Fprintf(w, "  INCONCLUSIVE: %s\n", f.Inconclusive)
	}
}

func counts(all []Count) string {
	n := 0
	var parts []string
	for _, c := range all {
		n += c.N
		parts = append(parts, fmt.Sprintf("%s %d", c.What, c.N))
	}
	if n == 0 {
		return "none was done"
	}
	return fmt.Sprintf("%d done: %s", n, strings.Join(parts, ", "))
}

func (f *Faults) writeWindows(w io.Writer) {
	var parts []string
	for _, x := range f.Windows {
		if x.Counted < leastWindow {
			parts = append(parts, fmt.Sprintf("%s %s, of which %s count", x.Name, short(x.Length), short(x.Counted)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %.0f/s (%s of %s with a quorum)", x.Name, x.Rate, short(x.Counted), short(x.Length)))
	}
	fmt.Fprintf(w, "%-12s %.0f/s succeeded overall; %s; least %g/s\n", "windows", f.Rate, strings.Join(parts, ", "), f.MinRate)
	if f.Slowest != nil {
		fmt.Fprintf(w, "%-12s %.0f/s in %s from %s on; longest without a success, while a quorum lived: %s, from %s on\n", "slowest",
			f.Slowest.Rate, short(f.Slowest.Length), short(f.Slowest.From), short(f.Stall), short(f.StallAt))
	}
}

func (f *Faults) writeRecovery(w io.Writer) {
	if len(f.Recoveries) == 0 {
		fmt.Fprintf(w, "%-12s not measured: no fault ended while a quorum lived\n", "recovery")
		return
	}
	var first, write Recovery
	for _, r := range f.Recoveries {
		if r.First >= first.First {
			first = r
		}
		if r.Write >= write.Write {
			write = r
		}
	}
	fmt.Fprintf(w, "%-12s measured %d times: first success after at most %s (at %s), first write %s (at %s)\n", "recovery", len(f.Recoveries),
		short(first.First), short(first.At), short(write.Write), short(write.At))
	if f.Silent {
		fmt.Fprintf(w, "  a node that had served before served nothing after the last fault\n")
	} else {
		fmt.Fprintf(w, "  every node had served again %s after the last fault\n", short(f.Everywhere))
	}
	if f.Slow != "" {
		fmt.Fprintf(w, "  SLOW TO RECOVER: %s; %s is what is aimed at\n", f.Slow, Patience)
	}
}

func (f *Faults) writeStates(w io.Writer) {
	switch {
	case f.Diverged != "":
		fmt.Fprintf(w, "%-12s VIOLATION: %s\n", "states", f.Diverged)
	case len(f.States) > 0 && f.equal():
		fmt.Fprintf(w, "%-12s equal on %d nodes, applied %d: %.16s\n", "states", len(f.States), f.States[0].Applied, f.States[0].Hash)
	case len(f.States) > 0:
		var parts []string
		for _, s := range f.States {
			parts = append(parts, fmt.Sprintf("%s %d", s.Node, s.Applied))
		}
		fmt.Fprintf(w, "%-12s the nodes had not applied the same in the end: %s\n", "states", strings.Join(parts, ", "))
	default:
		fmt.Fprintf(w, "%-12s not compared: nobody can tell them\n", "states")
	}
}

// equal says whether all nodes were the same.
func (f *Faults) equal() bool {
	for _, s := range f.States {
		if s.Applied != f.States[0].Applied || s.Hash != f.States[0].Hash {
			return false
		}
	}
	return true
}

// short is a duration as a person reads it.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
