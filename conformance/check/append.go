package check

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// appends judges lists that are added to by compare-and-swap alone: every list
// that is ever seen is then a beginning of the longest one, and whoever was told
// that his element is in finds it in every later list. It takes no search, and
// sees a lost update however crowded the key is.
func (w *work) appends(k *key) {
	if w.Model != "append" || !k.chained() {
		return
	}
	var reads []*history.Op
	var longest *history.Op
	for _, op := range k.ops {
		if !op.Kind.Reads() || op.Outcome != history.OK || w.broken[op.N] || op.Arg.Length > 0 || len(op.Result.Values) == 0 {
			continue
		}
		reads = append(reads, op)
		if longest == nil || len(op.Result.Values) > len(longest.Result.Values) {
			longest = op
		}
	}
	if longest == nil {
		return
	}
	told := k.acknowledged(longest.Result.Values)
	for _, r := range reads {
		n := len(r.Result.Values)
		if i := differ(r.Result.Values, longest.Result.Values); i < n {
			w.find(model.CAS, k.place, "fork", fmt.Sprintf("Two lists grew from one: %s and %s have %s and %s as element %d, though each was added on the condition that the other was not.",
				tell(r), tell(longest), r.Result.Values[i], longest.Result.Values[i], i+1), r, longest)
		}
		before := sort.Search(len(told), func(i int) bool { return told[i].op.Return >= r.Call })
		if before == 0 {
			continue
		}
		if last := told[told[before-1].furthest]; last.at >= n && !slices.Contains(r.Result.Values, last.op.Arg.Value) {
			w.find(model.Raw, k.place, "lost append", fmt.Sprintf("%s was acknowledged, but %s does not find it in the list: it got %s.",
				tell(last.op), tell(r), saw(r)), last.op, r)
		}
	}
}

// An appended is an acknowledged append and its place in the longest list.
type appended struct {
	op       *history.Op
	at       int
	furthest int // index of the one with the greatest place, up to this one
}

// acknowledged lists the appends that were, ascending by return. One that is not
// in the list has a place behind all others.
func (k *key) acknowledged(list []history.Value) []appended {
	places := make(map[history.Value]int, len(list))
	for i, v := range list {
		places[v] = i
	}
	var told []appended
	for i := range k.writes {
		if wr := &k.writes[i]; wr.sure {
			at, ok := places[wr.op.Arg.Value]
			if !ok {
				at = int(history.Never)
			}
			told = append(told, appended{op: wr.op, at: at})
		}
	}
	slices.SortFunc(told, func(a, b appended) int { return cmp.Compare(a.op.Return, b.op.Return) })
	for i := range told {
		told[i].furthest = i
		if i > 0 && told[told[i-1].furthest].at >= told[i].at {
			told[i].furthest = told[i-1].furthest
		}
	}
	return told
}

// chained reports whether every write of the key adds one element to the list
// whose ETag it asks for, or begins the list where there is none.
func (k *key) chained() bool {
	for i := range k.writes {
		op := k.writes[i].op
		n := len(op.Arg.Values)
		if op.Kind != history.Put || n == 0 || op.Arg.Values[n-1] != op.Arg.Value {
			return false
		}
		if op.Arg.IfNoneMatch == "*" && n == 1 {
			continue
		}
		of := k.table.byETag[op.Arg.IfMatch]
		if len(of) != 1 || k.table.all[of[0]].etag == "" || !slices.Equal(k.table.all[of[0]].values, op.Arg.Values[:n-1]) {
			return false
		}
	}
	return true
}

// differ is the first index at which two lists differ, or the length of the
// shorter one.
func differ(a, b []history.Value) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
