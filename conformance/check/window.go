package check

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"bleepstore/conformance/history"
)

// Patience is how long a cluster may take to recover: until its first success
// after faults have ended, or a quorum of its nodes has come back.
const Patience = 5 * time.Second

// leastWindow is how long a window has to be to show anything.
const leastWindow = time.Second

// Windows count what succeeded while there were faults, and when there were none.
//
// A run has three windows: before the first fault, during the faults, and after
// the last one was taken back. Of each only the time counts in which a quorum of
// the nodes lives and does not recover. It recovers from when a quorum has come
// back, or the last fault has ended, until the first operation begun since has
// succeeded; at most Patience, so that a cluster that stays silent is counted as
// silent. Elections while a quorum lives do count: they are what a cluster costs.
// In each window history.Faults.MinRate operations a second have to succeed, and
// some of every workload, or the run shows nothing (fault/README.md). A
// window shorter than a second shows nothing either; but where no quorum lives
// during the faults for so long, there is nothing to demand.
type Windows struct {
	faults *history.Faults
	works  []string
	all    []success // of all workloads
	of     map[string][]success
}

// A success is an operation that succeeded. Times are the history's.
type success struct {
	call, ret int64
	endpoint  int
	write     bool
}

// NewWindows returns an empty count of a run with such faults.
func NewWindows(f *history.Faults) *Windows {
	return &Windows{faults: f, of: map[string][]success{}}
}

// Add takes in the operations of one workload.
func (w *Windows) Add(workload string, ops []history.Op) {
	w.works = append(w.works, workload)
	for i := range ops {
		if o := &ops[i]; o.Outcome == history.OK && o.Ended() {
			s := success{o.Call, o.Return, o.Endpoint, !o.Kind.Reads()}
			w.all, w.of[workload] = append(w.all, s), append(w.of[workload], s)
		}
	}
}

// A stretch is a time during which something holds; to is not part of it.
type stretch struct{ from, to int64 }

func (s stretch) length() time.Duration { return time.Duration(max(0, s.to-s.from)) }

// cut is the part of s that lies within t.
func (s stretch) cut(t stretch) stretch {
	from := max(s.from, t.from)
	return stretch{from, max(from, min(s.to, t.to))}
}

// whole is the time in which clients were at it.
func (w *Windows) whole() stretch { return stretch{w.faults.From, w.faults.To} }

// disturbed is the time from the first fault to the end of the last; ok is false
// where there was none.
func (w *Windows) disturbed() (s stretch, ok bool) {
	for i, b := range w.faults.Done() {
		if i == 0 {
			s = stretch{b.From, b.To}
		}
		s = stretch{min(s.from, b.From), max(s.to, b.To)}
		ok = true
	}
	return s.cut(w.whole()), ok
}

// alive are the stretches in which a quorum lives, of a whole run.
func (w *Windows) alive() (out []stretch) {
	from, ok := w.faults.From, true
	for _, q := range w.faults.Quorum {
		switch {
		case ok && !q.OK:
			out = append(out, stretch{from, q.At}.cut(w.whole()))
		case !ok && q.OK:
			from = q.At
		}
		ok = q.OK
	}
	if ok {
		out = append(out, stretch{from, w.faults.To}.cut(w.whole()))
	}
	return slices.DeleteFunc(out, func(s stretch) bool { return s.length() == 0 })
}

// counted are the stretches of a window that count.
func (w *Windows) counted(window stretch, t *times) (out []stretch) {
	faults, _ := w.disturbed()
	for _, s := range w.alive() {
		part := s.cut(window)
		if part.from == s.from && s.from > w.faults.From || part.from == faults.to { // it has come back, or everything is healed
			part.from = min(part.to, part.from+int64(Patience), t.first(part.from))
		}
		if part.length() > 0 {
			out = append(out, part)
		}
	}
	return out
}

// times are successes in an order that answers questions fast.
type times struct {
	calls []success // ascending by call
	least []int64   // of the successes from the i-th on, the earliest return
	rets  []int64   // ascending
}

func newTimes(all []success) *times {
	t := &times{calls: slices.Clone(all), least: make([]int64, len(all)), rets: make([]int64, len(all))}
	slices.SortFunc(t.calls, func(a, b success) int { return cmp.Compare(a.call, b.call) })
	least := int64(history.Never)
	for i := len(t.calls) - 1; i >= 0; i-- {
		least = min(least, t.calls[i].ret)
		t.least[i], t.rets[i] = least, t.calls[i].ret
	}
	slices.Sort(t.rets)
	return t
}

// first is when the first operation begun at or after a time had succeeded; Never
// where none has.
func (t *times) first(at int64) int64 {
	i := sort.Search(len(t.calls), func(i int) bool { return t.calls[i].call >= at })
	if i == len(t.calls) {
		return history.Never
	}
	return t.least[i]
}

// within is how many had succeeded in a stretch.
func (t *times) within(s stretch) int {
	from, _ := slices.BinarySearch(t.rets, s.from)
	to, _ := slices.BinarySearch(t.rets, s.to)
	return max(0, to-from)
}
