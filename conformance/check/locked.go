package check

import (
	"fmt"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// locked judges the deletes that name a version, and returns the other
// operations: where every version is locked such a delete has no effect, at once
// or later, and whatever it was told.
func (w *work) locked(ops []*history.Op) []*history.Op {
	var out []*history.Op
	for _, op := range ops {
		if op.Kind != history.Delete || op.Arg.VersionID == "" {
			out = append(out, op)
			continue
		}
		if op.Outcome == history.OK && !op.Result.Marker { // markers are not locked
			w.find(model.Raw, spot(op), "locked version", fmt.Sprintf("%s was acknowledged, though version %s is locked.", tell(op), op.Arg.VersionID), op)
		}
	}
	return out
}
