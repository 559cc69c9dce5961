package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// partition splits a workload into tasks: keys by themselves, and groups. A
// workload that breaks raw is not searched: nothing higher can be shown of it.
func (w *work) partition() {
	for g := range w.guilty {
		if g.breaks <= model.Raw {
			return
		}
	}
	grouped := map[string]bool{}
	if w.has(model.ListAtomic) {
		pages := w.pagesOf()
		for _, g := range w.Groups {
			if len(g) > model.MaxGroup {
				w.unknown = append(w.unknown, fmt.Sprintf("a group of %d keys is not searched", len(g)))
				w.unsettled = model.ListAtomic
				continue
			}
			for _, name := range g {
				grouped[name] = true
			}
			w.group(g, pages)
		}
	}
	for _, p := range w.places() {
		if s := w.stacks[p]; s != nil && !s.removals() {
			w.unknown = append(w.unknown, fmt.Sprintf("a version of %s was removed whose write is not known", p.key))
			w.unsettled = model.Register
		} else if !grouped[p.key] {
			w.add(w.single(w.keys[p]))
		}
	}
}

// pagesOf lists for each key the pages that tell of it.
func (w *work) pagesOf() map[string][]*history.Op {
	pages := map[string][]*history.Op{}
	for _, k := range w.keys {
		for i := range k.reads {
			if k.reads[i].page {
				pages[k.key] = append(pages[k.key], k.reads[i].op)
			}
		}
	}
	return pages
}

func (w *work) add(t *task) {
	if len(t.levels) > 0 {
		w.tasks = append(w.tasks, t)
	}
}

// single is the task of one key.
func (w *work) single(k *key) *task {
	t := &task{w: w, name: k.key, size: len(k.ops) + len(k.reads)}
	for _, l := range slices.Backward(w.ladder) {
		broken := slices.ContainsFunc(w.ladder, func(low model.Level) bool {
			return low <= l && w.guilty[guilt{k.key, low}]
		})
		if broken || l <= model.Raw || l == model.ListAtomic || w.Model == "set" {
			continue
		}
		t.levels, t.parts = append(t.levels, l), append(t.parts, func() part { return w.part(k, l) })
	}
	return t
}

// part is a key as a level judges it.
func (w *work) part(k *key, l model.Level) part {
	p := part{model: model.OneKey(l == model.CAS)}
	p.ops, p.seen = k.searched(w, l)
	switch {
	case k.tags:
	case w.Model == "multipart":
		p.model = model.Uploads()
	case w.Model == "versions":
		s := w.stacks[k.place]
		ops, order := s.searched(w, p.ops)
		var above map[string]map[string]bool
		if order == nil {
			above = s.above()
		}
		p.model, p.ops, p.stack = model.Versions(order, above), ops, true
	}
	return p
}

// group adds the task of several keys that pages read at once, and those of its
// keys: what is not atomic may still be right key by key.
func (w *work) group(names []string, pages map[string][]*history.Op) {
	t := &task{w: w, name: strings.Join(names, " "), levels: []model.Level{model.ListAtomic}}
	var keys []*key
	for _, name := range names {
		for _, bucket := range w.buckets {
			k := w.keys[place{bucket, name}]
			if k == nil {
				continue
			}
			keys = append(keys, k)
			one := w.single(k)
			t.size += one.size
			t.singles = append(t.singles, one.parts[:min(1, len(one.parts))]...)
			w.add(one)
		}
	}
	t.parts = []func() part{func() part { return w.together(names, keys, pages) }}
	w.add(t)
}

// together is the keys of a group, and the pages that tell of them, as one part.
func (w *work) together(names []string, keys []*key, pages map[string][]*history.Op) part {
	p := part{model: model.Group(names), group: names, seen: map[int64]*history.Op{}}
	shown := map[int64]bool{}
	for _, k := range keys {
		ops, seen := k.searched(w, model.ListAtomic)
		p.ops = append(p.ops, ops...)
		maps.Copy(p.seen, seen)
		for _, op := range pages[k.key] {
			if !shown[op.N] {
				shown[op.N] = true
				page := *op
				page.Call = w.began(op)
				p.ops = append(p.ops, &page)
			}
		}
	}
	byCall(p.ops)
	return p
}

func byCall(ops []*history.Op) {
	slices.SortStableFunc(ops, func(a, b *history.Op) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.N, b.N))
	})
}

// searched are the operations of a key as the model of a level takes them:
// without those that tell nothing, every content named as its writer does, and
// tightened (R4): a write that alone can have stored what a read saw was done by
// the end of that read, and is known to have been.
func (k *key) searched(w *work, l model.Level) ([]*history.Op, map[int64]*history.Op) {
	by := map[int64]*history.Op{}
	for wr, r := range k.seen(l) {
		by[wr.op.N] = r.op
	}
	var out []*history.Op
	for _, op := range k.ops {
		if !k.tells(w, op, l, by) {
			continue
		}
		o := k.named(op)
		if r := by[op.N]; r != nil && r.Return < o.Return {
			tight := *o
			tight.Return, tight.Outcome = max(r.Return, o.Call), history.OK
			o = &tight
		}
		out = append(out, o)
	}
	if l == model.List { // as one read of all its keys a page is added elsewhere
		for i := range k.reads {
			if k.reads[i].page {
				out = append(out, k.reads[i].head(k))
			}
		}
	}
	for i := range k.reads {
		if k.reads[i].source {
			out = append(out, k.reads[i].head(k))
		}
	}
	byCall(out)
	return out, by
}

// tells reports whether a level's model can learn from op.
func (k *key) tells(w *work, op *history.Op, l model.Level, by map[int64]*history.Op) bool {
	status := op.Result.Status
	switch {
	case w.broken[op.N]:
		return false
	case k.tags:
		return op.Outcome != history.Refused || op.Kind == history.GetTags && noObject(op)
	case w.Model == "multipart" && (op.Kind == history.UploadPart || op.Kind == history.Complete || op.Kind == history.Abort):
		return op.Outcome != history.Refused || op.Result.Code == "NoSuchUpload" || by[op.N] != nil
	case w.Model == "versions" && op.Arg.VersionID != "" && (op.Kind == history.Get || op.Kind == history.Head || op.Kind == history.Delete):
		return op.Outcome == history.OK || op.Outcome == history.Unclear || status == 404
	case op.Arg.VersionID != "":
		return false
	}
	switch op.Kind {
	case history.Get, history.Head:
		return op.Outcome == history.OK || noObject(op) || status == 304 || status == 412 || status == 416
	case history.Put, history.Copy, history.Delete, history.Complete:
	default:
		return false
	}
	switch {
	case op.Outcome != history.Refused:
		return true
	case status == 409:
		// It had no effect, says the answer. Only cas judges the answers to
		// conditions: below it, what was seen all the same was written.
		return l < model.CAS && by[op.N] != nil
	case op.Kind == history.Delete && op.Arg.IfMatch == "":
		return noObject(op)
	}
	return l >= model.CAS && (noObject(op) || status == 412) && op.Kind != history.Copy
}

// named is op with the value and the ETag of what it stored or saw as the table
// has them, so that models can compare them. A copy is named by its answer.
func (k *key) named(op *history.Op) *history.Op {
	if k.tags {
		return k.untagged(op)
	}
	o := *op
	switch {
	case op.Kind == history.Copy:
		o.Arg.Value, o.Arg.ETag = 0, ""
		if c, ok := k.table.copied(op); ok {
			o.Arg.Value, o.Arg.ETag = k.table.named(c)
		}
	case writesContent(op):
		if c, ok := k.table.of(op); ok {
			o.Arg.Value, o.Arg.ETag = k.table.named(c)
		}
		if op.Outcome == history.Refused && op.Result.Status == 409 {
			o.Outcome, o.Return = history.Unclear, history.Never // a 409, see tells
		}
		if o.Arg.Value == op.Arg.Value && o.Arg.ETag == op.Arg.ETag && o.Outcome == op.Outcome {
			return op
		}
	case op.Outcome == history.OK && op.Kind.Reads():
		if op.Arg.Length == 0 && len(op.Result.Values) == 0 {
			return op
		}
		o.Result.Value = 0
		if c, ok := k.table.read(op); ok && (op.Arg.Length == 0 || len(op.Result.Values) == 0) {
			o.Result.Value, _ = k.table.named(c)
		}
	default:
		return op
	}
	return &o
}

// named is the value and the ETag by which models know a content.
func (t *contents) named(c content) (history.Value, string) {
	return t.all[c].value, t.all[c].etag
}

// head is a line of a listing as a read of its key.
func (r *read) head(k *key) *history.Op {
	o := &history.Op{
		N: r.op.N, Workload: r.op.Workload, Process: r.op.Process, Client: r.op.Client, Endpoint: r.op.Endpoint,
		Kind: history.Head, Bucket: k.bucket, Key: k.key, Call: r.call, Return: r.ret,
		Outcome: history.OK, Result: history.Result{Status: 200, ETag: r.etag},
	}
	if r.saw.has(absent) {
		o.Outcome, o.Result = history.Refused, history.Result{Status: 404}
	}
	return o
}
