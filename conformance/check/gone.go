package check

import (
	"slices"

	"bleepstore/conformance/history"
)

// noBucket is the code of an answer that knows nothing of the bucket.
const noBucket = "NoSuchBucket"

// told are the operations that tell something of keys. That there is no bucket
// says nothing of a key as long as a new bucket may not be known everywhere. But
// nobody deletes it: where an endpoint never found it again, not even in the end,
// it holds nothing from its first such answer on, and lists nothing.
func told(w *history.Workload, ops []*history.Op) []*history.Op {
	if !slices.ContainsFunc(ops, func(op *history.Op) bool { return op.Result.Code == noBucket }) {
		return ops
	}
	known := map[int]int64{} // until when an endpoint knew the bucket
	for _, op := range ops {
		if op.Outcome == history.OK {
			known[op.Endpoint] = max(known[op.Endpoint], op.Return)
		}
	}
	var out []*history.Op
	for _, op := range ops {
		o := *op
		lost := slices.Contains(w.Gone, op.Endpoint) && op.Call >= known[op.Endpoint]
		switch {
		case op.Result.Code != noBucket || lost && op.Kind != history.List && op.Kind != history.ListVersions:
			out = append(out, op)
		case lost:
			o.Outcome, o.Result = history.OK, history.Result{Status: op.Result.Status, Code: noBucket}
			out = append(out, &o)
		case !op.Kind.Reads():
			o.Result = history.Result{Code: noBucket} // it did nothing: that alone is known
			out = append(out, &o)
		}
	}
	return out
}
