package check

import (
	"testing"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

func aPart(n int, v history.Value) history.Op {
	o := put(v)
	o.Kind, o.Arg.UploadID, o.Arg.Part = history.UploadPart, "u", n
	return o
}

// complete makes an object of one part of each value.
func complete(v ...history.Value) history.Op {
	o := history.Op{Kind: history.Complete, Outcome: history.OK, Arg: history.Arg{UploadID: "u", Values: v}}
	for i, one := range v {
		o.Arg.Parts = append(o.Arg.Parts, history.Part{Number: i + 1, ETag: etag(one)})
		o.Arg.ETag += etag(one)
	}
	o.Result = history.Result{Status: 200, ETag: o.Arg.ETag}
	return o
}

func creating(o history.Op) history.Op {
	o.Arg.IfNoneMatch = "*"
	return o
}

func torn(o history.Op) history.Op {
	o.Result.Torn = "of two writes"
	return o
}

func whole(v ...history.Value) history.Op {
	o := history.Op{Kind: history.Get, Outcome: history.OK, Result: history.Result{Status: 200, Values: v}}
	for _, one := range v {
		o.Result.ETag += etag(one)
	}
	return o
}

func abort() history.Op {
	return history.Op{Kind: history.Abort, Outcome: history.OK, Arg: history.Arg{UploadID: "u"}, Result: history.Result{Status: 204}}
}

func copied(v history.Value) history.Op {
	return history.Op{
		Kind: history.Copy, Key: "to", Outcome: history.OK, Arg: history.Arg{SourceKey: "k"},
		Result: history.Result{Status: 200, ETag: etag(v)},
	}
}

func tag(v history.Value) history.Op {
	return history.Op{Kind: history.PutTags, Outcome: history.OK, Arg: history.Arg{Value: v}, Result: history.Result{Status: 200}}
}

func tags(v history.Value) history.Op {
	return history.Op{Kind: history.GetTags, Outcome: history.OK, Result: history.Result{Status: 200, Tags: v}}
}

// added is a list with v added, where before was read.
func added(v history.Value, before ...history.Value) history.Op {
	o := put(v)
	o.Arg.Values = append(append([]history.Value{}, before...), v)
	o.Arg.IfNoneMatch = "*"
	if n := len(before); n > 0 {
		o.Arg.IfNoneMatch, o.Arg.IfMatch = "", etag(before[n-1])
	}
	return o
}

func list(v ...history.Value) history.Op {
	o := get(v[len(v)-1])
	o.Result.Value, o.Result.Values = 0, v
	return o
}

func TestTinyComposites(t *testing.T) {
	for _, c := range []struct {
		name   string
		model  string
		breaks model.Level
		events []event
	}{
		{"complete", "multipart", none, []event{{1, 1, 2, aPart(1, 1)}, {1, 3, 4, aPart(2, 2)}, {1, 5, 6, complete(1, 2)}, {2, 7, 8, whole(1, 2)}}},
		{"parts of two", "multipart", model.Raw, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 3, 4, aPart(2, 2)}, {1, 5, 6, complete(1, 2)}, {2, 7, 8, whole(1, 3)},
		}},
		{"completed and not there", "multipart", model.Raw, []event{{1, 1, 2, aPart(1, 1)}, {1, 5, 6, complete(1)}, {2, 7, 8, missing()}}},
		{"completed twice as two", "multipart", model.Raw, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 5, 9, complete(1)}, {3, 6, 10, aPart(1, 2)}, {2, 7, 11, complete(2)},
		}},
		{"a later complete again over a delete", "multipart", model.Register, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 5, 6, complete(1)}, {2, 7, 8, del()}, {3, 9, 10, complete(1)}, {3, 11, 12, whole(1)},
		}},
		{"completed after abort", "multipart", model.Raw, []event{{1, 1, 2, aPart(1, 1)}, {1, 3, 4, abort()}, {2, 5, 6, complete(1)}}},
		{"completed beside abort", "multipart", none, []event{{1, 1, 2, aPart(1, 1)}, {1, 3, 6, abort()}, {2, 5, 7, complete(1)}, {2, 8, 9, whole(1)}}},
		{"a complete that was sent again wins, and not for its condition", "multipart", none, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 3, 4, create(5)}, {3, 5, 0, creating(complete(1))}, {2, 6, 7, complete(1)}, {2, 8, 9, whole(1)},
		}},
		{"a complete that creates over an object", "multipart", model.Raw, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 3, 4, create(5)}, {2, 6, 7, creating(complete(1))}, {2, 8, 9, whole(1)},
		}},
		{"a part that was replaced", "multipart", model.Register, []event{
			{1, 1, 2, aPart(1, 1)}, {1, 3, 4, aPart(1, 2)}, {2, 5, 6, complete(1)}, {2, 7, 8, whole(1)},
		}},

		{"copy", "copy", none, []event{{1, 1, 2, put(1)}, {1, 3, 4, copied(1)}, {2, 5, 6, under("to", get(1))}}},
		{"copy of what was overwritten", "copy", model.Raw, []event{{1, 1, 2, put(1)}, {1, 3, 4, put(2)}, {1, 5, 6, copied(1)}}},
		{"copy of another object", "copy", model.Raw, []event{{1, 1, 2, put(1)}, {1, 3, 4, under("to", put(2))}, {1, 5, 6, copied(2)}}},
		{"an unclear copy of either value", "copy", none, []event{
			{1, 1, 2, put(1)}, {3, 3, 0, copied(1)}, {1, 5, 6, put(2)}, {2, 7, 8, under("to", get(1))}, {2, 9, 10, put(3)}, {2, 11, 12, under("to", get(1))},
		}},
		{"an unclear copy changes its mind", "copy", model.Register, []event{
			{1, 1, 2, put(1)}, {3, 3, 0, copied(1)}, {1, 5, 6, put(2)}, {2, 7, 8, under("to", get(1))}, {2, 11, 12, under("to", get(2))},
		}},
		{"a copy that read early and wrote late", "copy", none, []event{
			{1, 1, 2, put(1)}, {3, 3, 12, copied(1)}, {1, 4, 5, put(2)}, {2, 6, 7, get(2)}, {2, 8, 9, refuse(under("to", get(0)), 404)}, {2, 13, 14, under("to", get(1))},
		}},

		{"tags", "tags", none, []event{{1, 1, 2, put(1)}, {1, 3, 4, tag(9)}, {2, 5, 6, tags(9)}, {1, 7, 8, put(2)}, {2, 9, 10, tags(0)}}},
		{"tags that were replaced", "tags", model.Raw, []event{{1, 1, 2, put(1)}, {1, 3, 4, tag(8)}, {1, 5, 6, tag(9)}, {2, 7, 8, tags(8)}}},
		{"tags of the object before", "tags", model.Raw, []event{{1, 1, 2, put(1)}, {1, 3, 4, tag(9)}, {1, 5, 6, put(2)}, {2, 7, 8, tags(9)}}},
		{"tags that may be of a later object", "tags", none, []event{{1, 1, 2, put(1)}, {1, 3, 4, tag(9)}, {3, 5, 0, put(2)}, {2, 7, 8, tags(0)}}},
		{"torn tags", "tags", model.Raw, []event{{1, 1, 2, put(1)}, {1, 3, 4, tag(9)}, {2, 7, 8, torn(tags(0))}}},
		{"tags that nobody wrote", "tags", model.Raw, []event{{1, 1, 2, put(1)}, {2, 7, 8, tags(7)}}},

		{"appends", "append", none, []event{{1, 1, 2, added(1)}, {2, 3, 4, added(2, 1)}, {3, 5, 6, list(1, 2)}}},
		{"an append is lost", "append", model.Raw, []event{
			{1, 1, 2, added(1)}, {2, 3, 6, added(2, 1)}, {4, 4, 0, added(3, 1)}, {3, 7, 8, list(1, 3)},
		}},
		{"an append is refused and there", "append", model.Raw, []event{
			{1, 1, 2, added(1)}, {2, 3, 4, refuse(added(2, 1), 412)}, {3, 7, 8, list(1, 2)},
		}},
		{"two unclear appends to one list", "append", model.CAS, []event{
			{1, 1, 2, added(1)}, {2, 3, 0, added(2, 1)}, {4, 4, 0, added(3, 1)}, {3, 5, 6, list(1, 2)}, {3, 7, 8, list(1, 3)},
		}},
		{"a list that nobody wrote", "append", model.Raw, []event{
			{1, 1, 2, added(1)}, {2, 3, 4, added(2, 1)}, {3, 5, 6, list(2, 1)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, w := judged(t, tiny(c.model, c.events...)); got != c.breaks {
				t.Errorf("got breaks %s, want %s: %+v", got, c.breaks, w.Violations)
			}
		})
	}
}
