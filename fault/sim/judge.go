package sim

import (
	"context"
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

// Windows count the operations that succeeded before the faults, during them
// while a quorum could work, and after, and say how long each lasted.
type Windows struct {
	Before, During, After Window
}

// A Window is a part of a run.
type Window struct {
	Ops  int
	Span time.Duration
}

// Rate is the operations a second.
func (w Window) Rate() float64 {
	if w.Span <= 0 {
		return 0
	}
	return float64(w.Ops) / w.Span.Seconds()
}

// judging bounds what judging one run may take.
const judging = time.Minute

// leastRate is how many operations a second have to succeed in each window for
// a run to show anything.
const leastRate = 5

func (r *Result) judge(ctx context.Context) (err error) {
	r.Windows = windows(r)
	r.Verdict, err = check.Check(ctx, r.History, check.Options{Deadline: judging, MinRate: -1})
	return err
}

// windows counts.
func windows(r *Result) (w Windows) {
	length := r.Schedule.Length
	first, last := length, fault.Span(0)
	for _, b := range r.Diary.Bands {
		first, last = min(first, b.From), max(last, b.To)
	}
	if len(r.Diary.Bands) == 0 {
		first, last = length/2, length/2
	}
	var lives [][2]fault.Span // when a quorum could work, during the faults
	for i, q := range r.Diary.Quorum {
		to := last
		if i+1 < len(r.Diary.Quorum) {
			to = r.Diary.Quorum[i+1].At
		}
		from, to := max(q.At, first), min(to, last)
		if q.OK && from < to {
			lives = append(lives, [2]fault.Span{from, to})
			w.During.Span += time.Duration(to - from)
		}
	}
	w.Before.Span, w.After.Span = time.Duration(first), time.Duration(max(0, length-last))
	for i := range r.History.Ops {
		op := &r.History.Ops[i]
		at := fault.Span(op.Return)
		if op.Outcome != history.OK {
			continue
		}
		switch {
		case at < first:
			w.Before.Ops++
		case at >= last && at < length:
			w.After.Ops++
		}
		for _, l := range lives {
			if l[0] <= at && at < l[1] {
				w.During.Ops++
			}
		}
	}
	return w
}

// Outcome is what the run comes to, and why, a line each.
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
	broken = append(broken, r.Ending.Violations...)
	if len(broken) > 0 {
		return Violation, broken
	}
	open = append(open, r.Ending.Unknown...)
	if r.Ending.Healed != nil {
		open = append(open, "faults: "+r.Ending.Healed.Error())
	}
	if r.Verdict == nil || len(r.Verdict.Workloads) == 0 {
		open = append(open, "nothing was run")
	}
	for _, w := range []struct {
		name string
		Window
	}{{"before the faults", r.Windows.Before}, {"during them, where a quorum lived", r.Windows.During}, {"after them", r.Windows.After}} {
		if w.Span > 2*time.Second && w.Rate() < leastRate {
			open = append(open, fmt.Sprintf("%s %.1f operations a second succeeded, and %d are needed", w.name, w.Rate(), leastRate))
		}
	}
	if len(open) > 0 {
		return Inconclusive, open
	}
	return Good, nil
}
