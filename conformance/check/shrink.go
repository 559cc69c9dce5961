package check

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// shrink returns a small part of the operations of p that is illegal as well,
// and is so because p is: it leaves out only what cannot be what makes the rest
// legal. That is the end of the history, if what was under way then is taken as
// unclear, and what may says.
func shrink(ctx context.Context, p *part) []*history.Op {
	bad := func(ops []*history.Op) bool {
		return linearizable(ctx, p.model, ops) == illegal
	}
	ops := prefix(p.ops, bad)
	if !p.stack {
		ops = anchor(ops, bad)
	}
	for size := (len(ops) + 1) / 2; size >= 1; {
		smaller := drop(ops, size, p.stack, bad)
		if len(smaller) == len(ops) && size == 1 {
			break
		}
		ops = dropUploads(smaller, bad)
		size = max(1, min(size/2, len(ops)/2))
	}
	return p.witnessed(ops)
}

// witnessed adds the reads that tell that a write among ops had ended before its
// own answer came (R4): the rest is not illegal without them.
func (p *part) witnessed(ops []*history.Op) []*history.Op {
	out := slices.Clone(ops)
	for _, op := range ops {
		if by := p.seen[op.N]; by != nil && op.Return == by.Return && !slices.ContainsFunc(out, func(o *history.Op) bool { return o.N == by.N }) {
			out = append(out, by)
		}
	}
	slices.SortStableFunc(out, func(a, b *history.Op) int { return cmp.Compare(a.Call, b.Call) })
	return out
}

// prefix is the shortest beginning of ops, in time, that is bad.
func prefix(ops []*history.Op, bad func([]*history.Op) bool) []*history.Op {
	var ends []int64
	for _, op := range ops {
		if op.Ended() {
			ends = append(ends, op.Return)
		}
	}
	slices.Sort(ends)
	i := sort.Search(len(ends), func(i int) bool { return bad(until(ops, ends[i])) })
	if i == len(ends) {
		return ops
	}
	return until(ops, ends[i])
}

// until is what ops were at time t: a read that had not ended tells nothing, and
// a write that had not is unclear.
func until(ops []*history.Op, t int64) []*history.Op {
	var out []*history.Op
	for _, op := range ops {
		switch {
		case op.Call > t:
		case op.Return <= t || !op.Ended():
			out = append(out, op)
		case op.Kind.Reads() || op.Outcome == history.Refused:
		default:
			cut := *op
			cut.Outcome, cut.Return = history.Unclear, history.Never
			out = append(out, &cut)
		}
	}
	return out
}

// drop leaves out one run of size operations after the other, as long as what
// remains is bad. From under a stack of versions nothing can be taken unseen.
func drop(ops []*history.Op, size int, stack bool, bad func([]*history.Op) bool) []*history.Op {
	for at := 0; at < len(ops); {
		end := min(at+size, len(ops))
		out := slices.Concat(ops[:at], ops[end:])
		if len(out) > 0 && (may(ops[at:end], out) && !stack || readsOnly(ops[at:end])) && bad(out) {
			ops = out
			continue
		}
		at = end
	}
	return ops
}

// dropUploads leaves out uploads whole, as long as what remains is bad.
func dropUploads(ops []*history.Op, bad func([]*history.Op) bool) []*history.Op {
	tried := map[string]bool{"": true}
	for _, op := range ops {
		id := op.Arg.UploadID
		if tried[id] {
			continue
		}
		tried[id] = true
		var gone, stay []*history.Op
		for _, o := range ops {
			if o.Arg.UploadID == id {
				gone = append(gone, o)
			} else {
				stay = append(stay, o)
			}
		}
		if len(stay) > 0 && may(gone, stay) && bad(stay) {
			ops = stay
		}
	}
	return ops
}

func readsOnly(ops []*history.Op) bool {
	return !slices.ContainsFunc(ops, func(op *history.Op) bool {
		return !op.Kind.Reads() && op.Outcome != history.Refused
	})
}

// may reports whether the operations gone may be left out beside those that
// stay: if some order explains all, then the same order without them explains
// the rest. That is so
//
//   - of every read and every refusal, since they change nothing,
//   - of all that was done to an upload, if what it became could go,
//   - of a write of what none of the rest saw, if all that told of the key
//     without naming a content came after yet another write that surely took
//     effect and came after it,
//   - of a delete, if in the same way all that saw that nothing was there came
//     later, or if nothing had been there before it.
func may(gone, stay []*history.Op) bool {
	t := newTraces(stay)
	for _, op := range gone {
		switch {
		case op.Kind.Reads() || op.Outcome == history.Refused:
		case op.Arg.UploadID != "" && t.uploads[op.Arg.UploadID]:
			return false // the rest of the upload tells of it
		case op.Kind == history.UploadPart || op.Kind == history.Abort:
		case op.Kind == history.Put || op.Kind == history.Complete:
			if t.saw[op.Arg.Value.String()] || t.saw[op.Arg.ETag] || t.unnamed && op.Arg.ETag == "" || !t.covered(op, t.first(op.Key, t.vague)) {
				return false
			}
		case op.Kind == history.Delete && op.Arg.VersionID == "":
			if !t.covered(op, min(t.first(op.Key, t.vague), t.nothing(op.Key))) && !t.early(op) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// traces are what operations tell of those that are left out.
type traces struct {
	saw map[string]bool // values and ETags
	// unnamed says that some saw an ETag alone, which may be of any write whose
	// ETag is not known.
	unnamed bool
	uploads map[string]bool  // that are named
	vague   map[string]int64 // by key, the first call of what told of it without naming a content; "": of any key
	none    map[string]int64 // by key, the first call of what saw nothing there
	pages   []*history.Op
	stay    map[string][]*history.Op // writes by key
}

func newTraces(stay []*history.Op) *traces {
	t := &traces{saw: map[string]bool{}, vague: map[string]int64{}, none: map[string]int64{}, uploads: map[string]bool{}, stay: map[string][]*history.Op{}}
	for _, op := range stay {
		if !op.Kind.Reads() && op.Outcome != history.Refused {
			t.stay[op.Key] = append(t.stay[op.Key], op)
		}
		if t.uploads[op.Arg.UploadID] = true; op.Kind != history.UploadPart && op.Kind != history.Abort {
			t.add(op)
		}
	}
	return t
}

// add enters what op tells.
func (t *traces) add(op *history.Op) {
	a, r := &op.Arg, &op.Result
	ok, unnamed := op.Outcome == history.OK, t.unnamed
	switch {
	case op.Kind == history.List:
		t.pages = append(t.pages, op)
		for i := range r.Entries {
			t.etag(r.Entries[i].ETag)
		}
	case (op.Kind == history.Put || op.Kind == history.Complete) && a.IfMatch == "" && a.IfNoneMatch == "",
		op.Kind == history.Delete && a.IfMatch == "" && a.VersionID == "" && op.Outcome != history.Refused:
	case op.Kind == history.Put && ok && a.IfNoneMatch == "*" && a.IfMatch == "",
		(op.Kind == history.Get || op.Kind == history.Head) && !ok && r.Status == 404 && a.VersionID == "":
		earliest(t.none, op.Key, op.Call)
	case op.Kind == history.Delete && ok && a.IfMatch != "*" && a.VersionID == "":
		earliest(t.none, op.Key, op.Call) // it succeeds of nothing as well
		t.etag(a.IfMatch)
	case op.Kind == history.Put && ok && a.IfMatch != "*" && a.IfNoneMatch == "":
		t.etag(a.IfMatch)
	case (op.Kind == history.Get || op.Kind == history.Head) && ok && a.IfNoneMatch == "" && a.IfMatch != "*" && a.VersionID == "":
		t.saw[r.Value.String()] = true
		if t.etag(r.ETag); r.Value != 0 && a.IfMatch == "" {
			t.unnamed = unnamed
		}
	default:
		earliest(t.vague, op.Key, op.Call)
	}
}

func (t *traces) etag(e string) {
	if e != "" {
		t.saw[e], t.unnamed = true, true
	}
}

func earliest(m map[string]int64, key string, call int64) {
	if t, ok := m[key]; !ok || call < t {
		m[key] = call
	}
}

func (t *traces) first(key string, m map[string]int64) int64 {
	if call, ok := m[key]; ok {
		return call
	}
	return history.Never
}

// nothing is the first call of what saw nothing under key.
func (t *traces) nothing(key string) int64 {
	call := t.first(key, t.none)
	for _, p := range t.pages {
		if e, covered := model.Shows(p, key); covered && e == nil {
			call = min(call, p.Call)
		}
	}
	return call
}

// covered reports whether nothing could tell op before, or a write that surely
// took effect came after op and before what could.
func (t *traces) covered(op *history.Op, told int64) bool {
	return told == history.Never || slices.ContainsFunc(t.stay[op.Key], func(w *history.Op) bool {
		return w.Outcome == history.OK && w.Ended() && op.Return < w.Call && w.Return < told
	})
}

// early reports whether all writes of the key that stay, but for deletes, came
// after op.
func (t *traces) early(op *history.Op) bool {
	return !slices.ContainsFunc(t.stay[op.Key], func(w *history.Op) bool {
		return w.Kind != history.Delete && w.Call <= op.Return
	})
}
