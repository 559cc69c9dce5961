package check

import (
	"fmt"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// observe counts what is worth knowing of a key and breaks no level.
func (w *work) observe(k *key) {
	over := k.overtakings(model.Raw, nil)
	for i := range k.reads {
		if r := k.reads[i]; r.page && r.call < r.op.Call {
			// Its own page's time, where that of the listing was granted.
			if r.call = r.op.Call; k.wrong(&r, over) {
				w.older++
			}
		}
	}
	for i := range k.writes {
		if op := k.writes[i].op; op.Outcome == history.Refused && op.Result.Status == 409 && k.undisturbed(op) {
			w.conflicts++
		}
	}
}

func (k *key) wrong(r *read, over []overtaking) bool {
	_, bad := k.convict(r, over, nil)
	return bad
}

// undisturbed reports whether no other write of the key was under way during op.
func (k *key) undisturbed(op *history.Op) bool {
	for _, o := range k.ops {
		if o != op && !o.Kind.Reads() && o.Overlaps(op) {
			return false
		}
	}
	return true
}

// observed writes down what was counted.
func (w *work) observed() {
	if w.older > 0 {
		w.out.Observations = append(w.out.Observations, fmt.Sprintf(
			"%d lines of later pages show what was no longer so when their page was asked for: they are served from what the first page saw", w.older))
	}
	if w.conflicts > 0 {
		w.out.Observations = append(w.out.Observations, fmt.Sprintf(
			"%d writes were told of a conflict (409) while no other write of the key was under way", w.conflicts))
	}
}
