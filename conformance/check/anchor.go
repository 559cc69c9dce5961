package check

import (
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// anchor leaves out what went before, key by key, as long as what remains is bad:
// the latest acknowledged write of the key that will do is what its history then
// begins with. It keeps to operations of which that is all there is to know:
// uploads and tags have a state that such a write does not replace.
func anchor(ops []*history.Op, bad func([]*history.Op) bool) []*history.Op {
	var names []string
	for _, op := range ops {
		switch op.Kind {
		case history.Put, history.Copy, history.Delete, history.Get, history.Head, history.List:
		default:
			return ops
		}
		if op.Key != "" && !slices.Contains(names, op.Key) {
			names = append(names, op.Key)
		}
	}
	for _, name := range names {
		for _, w := range slices.Backward(ops) {
			if w.Key != name || w.Outcome != history.OK || w.Kind != history.Put && w.Kind != history.Delete || w.Arg.VersionID != "" {
				continue
			}
			if less := from(ops, w); len(less) < len(ops) && bad(less) {
				ops = less
				break
			}
		}
	}
	return ops
}

// from is what ops say of w's key from w on, and all that they say of others. If
// ops are legal, so is this: whatever was there before, w replaced it, so that
// what comes after w in an order that explains ops is explained by w as well. What
// can come before w must not depend on what was left out:
//
//   - what ended before w began is not kept,
//   - nor is what only read the key and did not begin after w had ended;
//   - a write that did not either may have had its effect or none,
//   - and w itself asks for no condition.
func from(ops []*history.Op, w *history.Op) []*history.Op {
	var out []*history.Op
	for _, op := range ops {
		page := op.Kind == history.List
		if page {
			_, page = model.Shows(op, w.Key)
		}
		switch {
		case op == w:
			out = append(out, loose(w, history.OK))
		case op.Key != w.Key && !page, w.Before(op):
			out = append(out, op)
		case op.Before(w), page, op.Kind.Reads(), op.Outcome == history.Refused:
		case op.Arg.IfMatch+op.Arg.IfNoneMatch == "":
			out = append(out, op)
		default:
			out = append(out, loose(op, history.Unclear))
		}
	}
	return out
}

// loose is op with another outcome, and asks for nothing where it is known to
// have succeeded.
func loose(op *history.Op, as history.Outcome) *history.Op {
	if op.Outcome == as && op.Arg.IfMatch+op.Arg.IfNoneMatch == "" {
		return op
	}
	o := *op
	o.Outcome = as
	if as == history.OK {
		o.Arg.IfMatch, o.Arg.IfNoneMatch = "", ""
	}
	return &o
}
