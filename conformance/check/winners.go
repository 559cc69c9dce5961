package check

import (
	"cmp"
	"slices"

	"bleepstore/conformance/history"
)

// winners returns the writes that cannot all have found their condition true
// although all were told so. A condition that one write met is false until
// something makes it true again: a removal for If-None-Match, a write of the same
// bytes for If-Match. Where anything may have, nobody is convicted.
func (k *key) winners() [][]*history.Op {
	var creates []*history.Op
	matches := map[string][]*history.Op{}
	for i := range k.writes {
		w := &k.writes[i]
		switch {
		case !w.sure || w.joint || !writesContent(w.op) && w.op.Kind != history.Copy:
		case w.op.Arg.IfNoneMatch == "*":
			creates = append(creates, w.op)
		case w.op.Arg.IfMatch != "" && w.op.Arg.IfMatch != "*":
			matches[w.op.Arg.IfMatch] = append(matches[w.op.Arg.IfMatch], w.op)
		}
	}
	out := k.twoCreates(creates)
	for etag, ops := range matches {
		if len(ops) > 1 && k.madeOnce(etag) {
			out = append(out, ops[:2])
		}
	}
	slices.SortFunc(out, func(a, b []*history.Op) int { return cmp.Compare(a[0].N, b[0].N) })
	return out
}

// twoCreates returns the pairs of neighbours among ops between which nothing can
// have removed the object.
func (k *key) twoCreates(ops []*history.Op) [][]*history.Op {
	var out [][]*history.Op
	for i := 1; i < len(ops); i++ {
		a, b := ops[i-1], ops[i]
		from, to := min(a.Call, b.Call), max(a.Return, b.Return)
		between := slices.ContainsFunc(k.writes, func(w write) bool {
			return (w.any || w.c == absent) && w.call <= to && w.ret >= from
		})
		if !between {
			out = append(out, []*history.Op{a, b})
		}
	}
	return out
}

// madeOnce reports whether the key had the ETag at most once for sure: only one
// request can have made it so.
func (k *key) madeOnce(etag string) bool {
	n := 0
	for i := range k.writes {
		w := &k.writes[i]
		s := k.table.all[w.c]
		if w.any || w.c != absent && (s.etag == "" || s.etag == etag) {
			n++
		}
	}
	return n <= 1
}
