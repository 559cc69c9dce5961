package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/fault"
)

// An Outcome is what a run comes to.
type Outcome string

// The outcomes.
const (
	Good         Outcome = "ok"
	Violation    Outcome = "violation"
	Inconclusive Outcome = "inconclusive"
)

const (
	// judging bounds what judging one run may take.
	judging = time.Minute
	// leastRate is how many operations a second have to succeed before the faults,
	// during them where a quorum lives, and after them.
	leastRate = 8
)

// judge judges the history of the run.
func (r *Result) judge(ctx context.Context) (err error) {
	r.Verdict, err = check.Check(ctx, r.History, check.Options{Deadline: judging, MinRate: leastRate})
	if err != nil || r.History.Faults == nil {
		return err
	}
	w := check.NewWindows(r.History.Faults)
	for _, load := range r.History.Workloads {
		w.Add(load.Name, r.History.Of(load.Name))
	}
	w.Judge(r.Verdict)
	return nil
}

// faults tells in the history what was done. from and to are when clients were
// let loose and told to stop, by the clock of their operations; the diary began
// at zero, by the same.
func (r *Result) faults(zero, from, to int64) *history.Faults {
	if len(r.Schedule.Events) == 0 {
		return nil
	}
	at := func(s fault.Span) int64 { return zero + int64(s) }
	f := &history.Faults{From: from, To: to, MinRate: leastRate, States: r.Ending.States, Broken: r.Ending.Violations}
	for _, b := range r.Diary.Bands {
		band := history.Band{Kind: b.Kind, From: at(b.From), To: at(cmp.Or(b.To, b.From)), Skipped: b.Skipped, Failed: b.Failed}
		k, _ := fault.Find(b.Kind)
		args, err := json.Marshal(b.Args)
		if err != nil {
			args = []byte(err.Error())
		}
		band.Group, band.Says = k.Group, fmt.Sprintf("%s %s", k.Says, args)
		f.Bands = append(f.Bands, band)
	}
	for _, q := range r.Diary.Quorum {
		f.Quorum = append(f.Quorum, history.Quorum{At: at(q.At), OK: q.OK})
	}
	return f
}

// Outcome is what the run comes to, and why, a line each. Every level that a
// workload can show is demanded, and that everything was well in the end.
func (r *Result) Outcome() (Outcome, []string) {
	var broken, open []string
	for _, w := range r.Verdict.Workloads {
		for _, v := range w.Violations {
			broken = append(broken, fmt.Sprintf("%s breaks %s, key %s: %s", w.Name, v.Breaks, v.Key, v.Says))
		}
		if w.Inconclusive != "" {
			open = append(open, w.Name+": "+w.Inconclusive)
		}
	}
	if f := r.Verdict.Faults; f != nil {
		if f.Diverged != "" {
			broken = append(broken, f.Diverged)
		}
		if f.Inconclusive != "" {
			open = append(open, f.Inconclusive)
		}
	}
	broken = append(broken, r.Ending.Violations...)
	if len(broken) > 0 {
		return Violation, broken
	}
	open = append(open, r.Ending.Unknown...)
	if len(r.Verdict.Workloads) == 0 {
		open = append(open, "nothing was run")
	}
	if len(open) > 0 {
		return Inconclusive, open
	}
	return Good, nil
}
