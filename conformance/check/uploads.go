package check

import (
	"fmt"
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// uploads judges how uploads end: one way, and as one object.
func (w *work) uploads() {
	done := map[string]*history.Op{}
	aborted := map[string]*history.Op{}
	for _, op := range w.ops {
		id := op.Arg.UploadID
		if op.Kind != history.Abort || op.Outcome != history.OK {
			continue
		}
		if a := aborted[id]; a == nil || op.Return < a.Return {
			aborted[id] = op
		}
	}
	for _, op := range w.ops {
		id := op.Arg.UploadID
		if op.Kind != history.Complete || op.Outcome != history.OK {
			continue
		}
		if first := done[id]; first == nil {
			done[id] = op
		} else if !slices.Equal(first.Arg.Values, op.Arg.Values) {
			w.find(model.Raw, spot(op), "completes", fmt.Sprintf("One upload was completed as two objects: %s and %s.", tell(first), tell(op)), first, op)
		}
		// An Abort of a completed upload may be told that the upload is gone as it
		// wished. One that ended before every Complete began was no such.
		if a := aborted[id]; a != nil && a.Return < op.Call && !w.completedBy(id, a.Return) {
			w.find(model.Raw, spot(op), "aborted", fmt.Sprintf("%s was completed after it was aborted by %s.", tell(op), tell(a)), a, op)
		}
	}
}

// completedBy reports whether a Complete of the upload can have had its effect
// by a time.
func (w *work) completedBy(id string, t int64) bool {
	return slices.ContainsFunc(w.ops, func(op *history.Op) bool {
		return op.Kind == history.Complete && op.Arg.UploadID == id && op.Call <= t &&
			(op.Outcome != history.Refused || op.Result.Status == 409)
	})
}
