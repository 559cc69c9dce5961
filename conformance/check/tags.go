package check

import (
	"bleepstore/conformance/history"
)

// Tags are a register of their own: a tagging writes them, and a write or a
// delete of the object leaves none.

// gatherTags adds the tags of each key to keys, where there are any.
func gatherTags(ops []*history.Op, keys map[place]*key) {
	tagged := map[place]bool{}
	for _, op := range ops {
		if op.Kind == history.PutTags || op.Kind == history.GetTags {
			tagged[spot(op)] = true
		}
	}
	if len(tagged) == 0 {
		return
	}
	table := &contents{all: make([]stored, 1), byValue: map[history.Value]content{}}
	for _, op := range ops {
		if op.Kind == history.PutTags {
			table.tag(op)
		}
	}
	for _, op := range ops {
		if !tagged[spot(op)] {
			continue
		}
		p := place{op.Bucket, op.Key + " (tags)"}
		k := keys[p]
		if k == nil {
			k = &key{place: p, table: table, tags: true}
			keys[p] = k
		}
		w, writes := k.write(op)
		r, reads := k.read(op)
		if writes {
			k.writes = append(k.writes, w)
		}
		if reads {
			k.reads = append(k.reads, r)
		}
		if writes || reads {
			k.ops = append(k.ops, op)
		}
	}
}

// tag enters the tags that op writes.
func (t *contents) tag(op *history.Op) {
	c, ok := t.byValue[op.Arg.Value]
	if !ok {
		c = content(len(t.all))
		t.byValue[op.Arg.Value] = c
		t.all = append(t.all, stored{value: op.Arg.Value})
	}
	if op.Outcome == history.Refused && op.Result.Status != 409 {
		t.all[c].refused = op
	} else {
		t.all[c].writes++
	}
}

// tagging returns what op may have done to the tags.
func (k *key) tagging(op *history.Op) (write, bool) {
	w := write{op: op, call: op.Call, since: op.Call, ret: op.Return, sure: op.Outcome == history.OK}
	if op.Outcome == history.Refused {
		if op.Result.Status != 409 {
			return w, false
		}
		w.ret = history.Never
	}
	switch op.Kind {
	case history.PutTags:
		w.c = k.table.byValue[op.Arg.Value]
	case history.Put, history.Delete, history.Complete:
	case history.Copy: // it may bring the tags of its source along
		w.any, w.sure = true, false
	default:
		return w, false
	}
	return w, true
}

// tagged fills in what op saw of the tags.
func (k *key) tagged(op *history.Op, saw *sight) bool {
	switch {
	case op.Kind != history.GetTags || op.Result.Torn != "":
		return false
	case op.Outcome == history.OK && op.Result.Tags != 0:
		c, ok := k.table.byValue[op.Result.Tags]
		saw.contents = []content{c}
		return ok && k.table.all[c].writes > 0
	case op.Outcome == history.OK || noObject(op):
		saw.contents = nothingThere
		return true
	}
	return false
}

// untagged is op as a model of one key takes it.
func (k *key) untagged(op *history.Op) *history.Op {
	o := *op
	o.Arg.IfMatch, o.Arg.IfNoneMatch, o.Arg.ETag, o.Result.ETag = "", "", "", ""
	switch op.Kind {
	case history.PutTags:
		o.Kind = history.Put
	case history.GetTags:
		o.Kind, o.Result.Value = history.Get, op.Result.Tags
		if op.Outcome == history.OK && op.Result.Tags == 0 {
			o.Outcome, o.Result.Status = history.Refused, 404
		}
	case history.Put, history.Complete:
		o.Kind, o.Arg.Value = history.Delete, 0
	}
	return &o
}
