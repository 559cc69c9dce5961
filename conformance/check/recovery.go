package check

import (
	"cmp"
	"slices"
	"time"

	"bleepstore/conformance/history"
)

// A Recovery is how a cluster came back when faults had ended or, after it had
// lost its quorum, had one again.
type Recovery struct {
	At    time.Duration `json:"at_ns"` // since clients were let loose
	First time.Duration `json:"first_ns"`
	Write time.Duration `json:"write_ns"` // likewise the first that changed something
	// Never says that nothing, or no write, succeeded until the end of the run;
	// First and Write are as long as that was.
	Never bool `json:"never,omitempty"`
}

// together is how close two moments are one: a node is told that it may go on
// before the diary says so.
const together = int64(100 * time.Millisecond)

// recoveries are measured from every moment at which the last of some faults has
// ended, or a quorum is back, while one lives. One that the next fault, or the
// loss of the quorum, cuts short before Patience is over says nothing and is left
// out.
func (w *Windows) recoveries(t, writes *times) (out []Recovery) {
	alive := w.alive()
	for _, at := range w.healed(alive) {
		i := slices.IndexFunc(alive, func(s stretch) bool { return s.from <= at && at < s.to })
		if i < 0 {
			continue
		}
		until := min(alive[i].to, w.next(at))
		r := Recovery{At: time.Duration(at - w.faults.From)}
		first, write := t.first(at), writes.first(at)
		if max(first, write) > until && until-at < int64(Patience) && until < w.faults.To {
			continue
		}
		r.Never = max(first, write) == history.Never
		r.First, r.Write = w.since(at, first), w.since(at, write)
		out = append(out, r)
	}
	return out
}

// since is how long after at something was; what never was, is as of the end.
func (w *Windows) since(at, when int64) time.Duration {
	if when == history.Never {
		when = w.faults.To
	}
	return time.Duration(when - at)
}

// healed are the moments from which on a cluster may be expected to recover,
// ascending.
func (w *Windows) healed(alive []stretch) (at []int64) {
	done := w.faults.Done()
	slices.SortFunc(done, func(a, b history.Band) int { return cmp.Compare(a.From, b.From) })
	for i, end := 0, int64(0); i < len(done); i++ {
		end = max(end, done[i].To)
		if i == len(done)-1 || done[i+1].From > end {
			at = append(at, end)
		}
	}
	for _, s := range alive {
		if s.from > w.faults.From {
			at = append(at, s.from)
		}
	}
	slices.Sort(at)
	var out []int64
	for i, a := range at {
		if i+1 < len(at) && at[i+1]-a < together || a >= w.faults.To {
			continue // the later counts
		}
		out = append(out, a)
	}
	return out
}

// next is when the first fault after a moment begins; Never where none does.
func (w *Windows) next(at int64) int64 {
	next := int64(history.Never)
	for _, b := range w.faults.Done() {
		if b.From > at {
			next = min(next, b.From)
		}
	}
	return next
}

// everywhere is how long after the last fault every endpoint that ever served
// had done so again; ok is false where one has not.
func (w *Windows) everywhere() (took time.Duration, ok bool) {
	faults, _ := w.disturbed()
	at := map[int]int64{}
	for _, s := range w.all {
		if _, seen := at[s.endpoint]; !seen {
			at[s.endpoint] = history.Never
		}
		if s.call >= faults.to {
			at[s.endpoint] = min(at[s.endpoint], s.ret)
		}
	}
	for _, ret := range at {
		if ret == history.Never {
			return 0, false
		}
		took = max(took, time.Duration(ret-faults.to))
	}
	return took, len(at) > 0
}
