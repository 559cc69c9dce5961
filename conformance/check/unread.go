package check

import (
	"fmt"
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// leastUnread is how many reads in a row have to be answered 500 for a key to be
// one that cannot be read. Whoever drives a workload reads every key that often in
// the end, when nothing else is under way, before giving it up.
const leastUnread = 8

// unread finds keys of which a write was acknowledged, and which nobody can read
// any more: the last operations on them are reads, and all of these failed within
// the server, while it served other keys. A read that fails is no observation, and
// many of them are: what was acknowledged is lost, or as good as lost. Where the
// server answered nobody in the meantime it was away, and of the key that says
// nothing.
func (w *work) unread() {
	wrote, failed := map[place]*history.Op{}, map[place][]*history.Op{}
	for _, op := range w.ops {
		p := spot(op)
		switch {
		case op.Kind == history.Head:
		case op.Kind == history.Get && op.Outcome == history.Unclear && op.Result.Status == 500:
			failed[p] = append(failed[p], op)
			continue
		case op.Outcome == history.OK && (op.Kind == history.Put || op.Kind == history.Complete || op.Kind == history.Copy):
			wrote[p] = op
		}
		if op.Kind != history.Head {
			delete(failed, p)
		}
	}
	for _, p := range w.places() {
		if n := len(failed[p]); n >= leastUnread && wrote[p] != nil && w.served(p, failed[p][0].Call, failed[p][n-1].Call) {
			w.find(model.Raw, p, "unread", fmt.Sprintf("%s was acknowledged, and in the end %s cannot be read: each of the last %d reads was answered 500.",
				tell(wrote[p]), p.key, n), wrote[p], failed[p][0], failed[p][n-1])
		}
	}
}

// served says whether a read of another key began and succeeded within a time.
func (w *work) served(p place, from, to int64) bool {
	return slices.ContainsFunc(w.ops, func(op *history.Op) bool {
		return op.Kind == history.Get && op.Outcome == history.OK && op.Call >= from && op.Return <= to && spot(op) != p
	})
}
