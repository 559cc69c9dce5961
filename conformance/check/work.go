package check

import (
	"cmp"
	"fmt"
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// A work is a workload being judged.
type work struct {
	history.Workload
	out      *Workload
	ladder   []model.Level
	ops      []*history.Op
	table    *contents
	keys     map[place]*key
	buckets  []string
	parts    map[history.Value]bool // values of parts of uploads
	universe map[string]bool        // nil where any key may be listed
	first    map[int64]*history.Op  // page 1 of each listing
	stacks   map[place]*stack       // of a workload of versions
	broken   map[int64]bool         // answers that are wrong in themselves
	guilty   map[guilt]bool
	found    []Violation
	times    map[string]int // how often each kind of finding was made
	unknown  []string       // why a search did not end
	tasks    []*task

	older     int         // lines of later pages that were not true during their page
	conflicts int         // 409s without another write under way
	unsettled model.Level // the lowest level that a search did not settle; 0: none
}

// A guilt is a level that a key was found to break.
type guilt struct {
	key    string
	breaks model.Level
}

// newWork returns nil where nothing can be judged, and has said why in out.
func newWork(w history.Workload, ops []*history.Op, out *Workload) *work {
	ops = told(&w, ops)
	*out = Workload{Name: w.Name, Rule: w.Rule, Model: w.Model, Ops: len(ops)}
	for _, op := range ops {
		switch op.Outcome {
		case history.OK:
			out.Succeeded++
		case history.Refused:
			out.Refused++
		case history.Unclear:
			out.Unclear++
		}
	}
	l := ladder(&w)
	if len(l) == 0 {
		out.Inconclusive = fmt.Sprintf("no model is called %q", w.Model)
		return nil
	}
	out.Top = l[len(l)-1]
	k := &work{
		Workload: w, out: out, ladder: l,
		parts: map[history.Value]bool{}, first: map[int64]*history.Op{}, broken: map[int64]bool{},
		guilty: map[guilt]bool{}, times: map[string]int{},
	}
	if w.Locked {
		ops = k.locked(ops)
	}
	k.ops, k.table = ops, newContents(ops)
	k.keys = gather(ops, k.table)
	gatherTags(ops, k.keys)
	for _, key := range k.keys {
		key.index()
		if !slices.Contains(k.buckets, key.bucket) {
			k.buckets = append(k.buckets, key.bucket)
		}
	}
	for _, op := range ops {
		switch {
		case op.Kind == history.UploadPart:
			k.parts[op.Arg.Value] = true
		case op.Arg.Page == 1:
			k.first[op.N] = op
		}
	}
	if w.Keys != nil {
		k.universe = make(map[string]bool, len(w.Keys))
		for _, name := range w.Keys {
			k.universe[name] = true
		}
	}
	return k
}

// has reports whether the workload's ladder has a level.
func (w *work) has(l model.Level) bool { return slices.Contains(w.ladder, l) }

// places are the keys in an order that does not change from check to check.
func (w *work) places() []place {
	all := make([]place, 0, len(w.keys))
	for p := range w.keys {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.key, b.key))
	})
	return all
}

// definite goes through all rules that need no search.
func (w *work) definite() {
	w.local()
	w.unread()
	w.lines()
	w.versions()
	w.uploads()
	for _, p := range w.places() {
		k := w.keys[p]
		slices.SortStableFunc(k.reads, func(a, b read) int { return cmp.Compare(a.call, b.call) })
		for _, ops := range k.winners() {
			w.find(model.Raw, p, "winners", tellWinners(k, ops), ops...)
		}
		w.appends(k)
		w.wrongs(k)
		w.observe(k)
	}
}

// wrongs convicts the reads of one key, each at the lowest level that it breaks.
func (w *work) wrongs(k *key) {
	convicted := map[*read]bool{}
	for _, l := range w.ladder {
		if l > model.List {
			break
		}
		for _, x := range k.judge(l) {
			if convicted[x.r] {
				continue
			}
			convicted[x.r] = true
			w.find(l, k.place, "read "+l.String(), x.says(k, l), x.ops()...)
		}
	}
}

// Findings of one kind are told so often, and counted beyond.
const perKind = 3

// find enters a violation.
func (w *work) find(breaks model.Level, at place, kind, says string, ops ...*history.Op) {
	w.guilty[guilt{at.key, breaks}] = true
	w.times[kind]++
	if w.times[kind] > perKind {
		return
	}
	v := Violation{Breaks: breaks, Key: at.key, Says: says}
	for _, op := range ops {
		v.Ops = append(v.Ops, *op)
	}
	w.found = append(w.found, v)
}

// spot is where an operation is at home.
func spot(op *history.Op) place { return place{op.Bucket, op.Key} }

// conclude writes the verdict.
func (w *work) conclude(o *Options) {
	out := w.out
	slices.SortStableFunc(w.found, func(a, b Violation) int { return cmp.Compare(a.Breaks, b.Breaks) })
	out.Violations = w.found
	w.observed()
	for _, kind := range sorted(w.times) {
		if n := w.times[kind] - perKind; n > 0 {
			out.Observations = append(out.Observations, fmt.Sprintf("%d more of the kind %q", n, kind))
		}
	}
	for _, l := range w.ladder {
		if w.unsettled != 0 && w.unsettled <= l || slices.ContainsFunc(w.found, func(v Violation) bool { return v.Breaks <= l }) {
			break
		}
		out.Level = l
	}
	w.thin(o)
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
