package check

import (
	"fmt"
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// local looks at each answer by itself, beside what was written. All that it
// finds breaks raw.
func (w *work) local() {
	for _, op := range w.ops {
		switch {
		case op.Outcome != history.OK:
		case op.Kind == history.Get || op.Kind == history.Head:
			w.answered(op)
		case op.Kind == history.GetTags:
			w.tagged(op)
		case op.Kind == history.List || op.Kind == history.ListVersions:
			w.page(op)
		}
	}
}

// answered looks at what a Get or a Head was given.
func (w *work) answered(op *history.Op) {
	r := &op.Result
	w.broken[op.N] = true
	if r.Torn != "" {
		w.find(model.Raw, spot(op), "torn", fmt.Sprintf("What %s got is of no single write: %s.", tell(op), r.Torn), op)
		return
	}
	if e := op.Arg.IfMatch; e != "" && e != "*" && r.ETag != "" && r.ETag != e {
		w.find(model.Raw, spot(op), "condition", fmt.Sprintf("%s asked for what has the ETag %s alone and got what has another.", tell(op), e), op)
		return
	}
	if r.Value == 0 && len(r.Values) == 0 || op.Arg.Length > 0 && len(r.Values) > 0 {
		delete(w.broken, op.N)
		return
	}
	c, ok := w.table.read(op)
	if !ok && op.Arg.Length > 0 && w.parts[r.Value] {
		delete(w.broken, op.N)
		return // a range of one part of an object made of parts
	}
	if !ok {
		w.find(model.Raw, spot(op), "unknown", fmt.Sprintf("Nothing ever stored what %s got: %s.", tell(op), saw(op)), op)
		return
	}
	s := &w.table.all[c]
	if s.writes == 0 {
		w.find(model.Raw, spot(op), "refused", fmt.Sprintf("%s was refused, and yet what it wrote was stored: %s got %s.", tell(s.refused), tell(op), saw(op)), s.refused, op)
		return
	}
	if s.etag != "" && r.ETag != "" && r.ETag != s.etag {
		w.find(model.Raw, spot(op), "etag", fmt.Sprintf("%s got %s with the ETag %s, but that of %s is %s.", tell(op), saw(op), r.ETag, saw(op), s.etag), op)
		return
	}
	delete(w.broken, op.N)
}

// tagged looks at what a read of tags was given.
func (w *work) tagged(op *history.Op) {
	k := w.keys[place{op.Bucket, op.Key + " (tags)"}]
	c, ok := k.table.byValue[op.Result.Tags]
	switch {
	case op.Result.Torn != "":
		w.find(model.Raw, spot(op), "torn", fmt.Sprintf("What %s got is of no single write: %s.", tell(op), op.Result.Torn), op)
		w.broken[op.N] = true
	case op.Result.Tags == 0:
	case !ok:
		w.find(model.Raw, spot(op), "unknown", fmt.Sprintf("Nothing ever stored what %s got: %s.", tell(op), saw(op)), op)
		w.broken[op.N] = true
	case k.table.all[c].writes == 0:
		w.find(model.Raw, spot(op), "refused", fmt.Sprintf("%s was refused, and yet what it wrote was stored: %s got %s.", tell(k.table.all[c].refused), tell(op), saw(op)), k.table.all[c].refused, op)
		w.broken[op.N] = true
	}
}

// page looks at the entries of a page: ascending, each once, and in the range
// that was asked for. Versions of a key stand together, one of them the latest.
func (w *work) page(op *history.Op) {
	before := op.Arg.After
	for i, e := range op.Result.Entries {
		again := op.Kind == history.ListVersions && (i > 0 || e.Key == op.Arg.After) && e.Key == before
		switch {
		case !hasPrefix(e.Key, op.Arg.Prefix):
			w.find(model.Raw, spot(op), "range", fmt.Sprintf("%s was asked for keys that begin with %q and shows %q.", tell(op), op.Arg.Prefix, e.Key), op)
		case e.Key == before && !again && i > 0:
			w.find(model.Raw, spot(op), "twice", fmt.Sprintf("%s shows %q twice.", tell(op), e.Key), op)
		case e.Key == before && !again && before != "":
			w.find(model.Raw, spot(op), "range", fmt.Sprintf("%s was asked for what comes behind %q and shows it.", tell(op), before), op)
		case e.Key < before:
			w.find(model.Raw, spot(op), "order", fmt.Sprintf("%s shows %q behind %q.", tell(op), e.Key, before), op)
		case w.universe != nil && !w.wrote(place{op.Bucket, e.Key}):
			w.find(model.Raw, spot(op), "phantom", fmt.Sprintf("%s shows %q, which nobody ever wrote.", tell(op), e.Key), op)
		default:
			before = e.Key
			continue
		}
		w.broken[op.N] = true
		return
	}
	if n := len(op.Result.Entries); op.Arg.Max > 0 && n > op.Arg.Max {
		w.find(model.Raw, spot(op), "max", fmt.Sprintf("%s was asked for at most %d entries and shows %d.", tell(op), op.Arg.Max, n), op)
	}
}

// wrote reports whether anything was written to a key of the universe, if only by
// a request that was refused: its entry is then looked at by itself.
func (w *work) wrote(p place) bool {
	if !w.universe[p.key] || w.keys[p] == nil {
		return false
	}
	return slices.ContainsFunc(w.keys[p].ops, func(op *history.Op) bool { return !op.Kind.Reads() })
}

func hasPrefix(key, prefix string) bool {
	return len(key) >= len(prefix) && key[:len(prefix)] == prefix
}
