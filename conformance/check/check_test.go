package check

import (
	"context"
	"fmt"
	"testing"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// An event is an operation of a hand-written history.
type event struct {
	client    int
	call, ret int64 // ret 0: unclear
	op        history.Op
}

// put and the others make operations of the key k, with the answer that they
// have where nothing is wrong.
func put(v history.Value) history.Op {
	return history.Op{
		Kind: history.Put, Outcome: history.OK, Arg: history.Arg{Value: v, Size: 64, ETag: etag(v)},
		Result: history.Result{Status: 200, ETag: etag(v)},
	}
}

func etag(v history.Value) string { return fmt.Sprintf("e%d", v) }

func get(v history.Value) history.Op {
	return history.Op{Kind: history.Get, Outcome: history.OK, Result: history.Result{Status: 200, Value: v, ETag: etag(v), Size: 64}}
}

func ofETag(v history.Value, o history.Op) history.Op {
	o.Result.ETag = etag(v)
	return o
}

func missing() history.Op {
	return history.Op{Kind: history.Get, Outcome: history.Refused, Result: history.Result{Status: 404, Code: "NoSuchKey"}}
}

func del() history.Op {
	return history.Op{Kind: history.Delete, Outcome: history.OK, Result: history.Result{Status: 204}}
}

func create(v history.Value) history.Op {
	o := put(v)
	o.Arg.IfNoneMatch = "*"
	return o
}

func swap(old, v history.Value) history.Op {
	o := put(v)
	o.Arg.IfMatch = etag(old)
	return o
}

// refuse is o answered with an error.
func refuse(o history.Op, status int) history.Op {
	o.Outcome, o.Result = history.Refused, history.Result{Status: status}
	return o
}

// tiny makes a history of events under the key k, in the order of their calls.
func tiny(name string, events ...event) *history.History {
	h := &history.History{Header: history.Header{Workloads: []history.Workload{{Name: name, Rule: "Z-01", Model: name}}}}
	for i, e := range events {
		o := e.op
		o.N, o.Workload, o.Process, o.Client, o.Bucket = int64(i+1), name, e.client, e.client, "b"
		if o.Key == "" && o.Kind != history.List && o.Kind != history.ListVersions {
			o.Key = "k"
		}
		o.Call, o.Return = e.call, e.ret
		if e.ret == 0 {
			o.Return, o.Outcome, o.Result = history.Never, history.Unclear, history.Result{}
		}
		h.Ops = append(h.Ops, o)
	}
	return h
}

// judged returns the lowest level that a history was found to break.
func judged(t *testing.T, h *history.History) (model.Level, *Workload) {
	t.Helper()
	v, err := Check(context.Background(), h, Options{MinRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	w := &v.Workloads[0]
	low := model.Level(-1)
	for _, x := range w.Violations {
		if low < 0 || x.Breaks < low {
			low = x.Breaks
		}
		if len(x.Ops) > 12 || x.Says == "" {
			t.Errorf("a counterexample of %d operations says %q", len(x.Ops), x.Says)
		}
	}
	return low, w
}

const none = model.Level(-1)

func TestTinyHistories(t *testing.T) {
	for _, c := range []struct {
		name   string
		model  string
		breaks model.Level
		events []event
	}{
		{"one write, one read", "register", none, []event{{1, 1, 2, put(1)}, {2, 3, 4, get(1)}}},
		{"a stale read", "register", model.Raw, []event{
			{1, 1, 2, put(1)}, {1, 3, 4, put(2)}, {2, 5, 6, get(1)},
		}},
		{"a read that overlaps the write", "register", none, []event{
			{1, 1, 2, put(1)}, {1, 3, 8, put(2)}, {2, 5, 6, get(1)},
		}},
		{"a read that is called at the time of the return", "register", none, []event{
			{1, 1, 2, put(1)}, {1, 3, 4, put(2)}, {2, 4, 6, get(1)},
		}},
		{"overlapping writes, either wins", "register", none, []event{
			{1, 1, 5, put(1)}, {2, 2, 6, put(2)}, {3, 7, 8, get(1)},
		}},
		{"overlapping writes, both win", "register", model.Register, []event{
			{1, 1, 5, put(1)}, {2, 2, 6, put(2)}, {3, 7, 8, get(1)}, {3, 9, 10, get(2)},
		}},
		{"an acknowledged write is gone", "register", model.Raw, []event{
			{1, 1, 2, put(1)}, {2, 3, 4, missing()},
		}},
		{"an unclear delete explains a 404", "delete", none, []event{
			{1, 1, 2, put(1)}, {2, 3, 0, del()}, {3, 5, 6, missing()},
		}},
		{"an unclear delete from before the write explains a 404", "delete", none, []event{
			{2, 1, 0, del()}, {1, 3, 4, put(1)}, {3, 5, 6, missing()},
		}},
		{"a deleted object is back", "delete", model.Raw, []event{
			{1, 1, 2, put(1)}, {2, 3, 4, del()}, {3, 5, 6, get(1)},
		}},
		{"an unclear put is seen later", "register", none, []event{
			{1, 1, 2, put(1)}, {2, 3, 0, put(2)}, {1, 5, 6, get(1)}, {1, 7, 8, get(2)},
		}},
		{"an unclear put is seen after an acknowledged one", "register", none, []event{
			{2, 1, 0, put(2)}, {1, 3, 4, put(1)}, {1, 5, 6, get(1)}, {1, 7, 8, get(2)},
		}},
		{"an unclear put is seen and gone again", "register", model.Register, []event{
			{1, 1, 2, put(1)}, {2, 3, 0, put(2)}, {1, 5, 6, get(2)}, {1, 7, 8, get(1)},
		}},
		{"an unclear put that was seen comes back over an acknowledged one", "register", model.Register, []event{
			{2, 1, 0, put(2)}, {1, 3, 4, get(2)}, {1, 5, 6, put(1)}, {1, 7, 8, get(2)},
		}},
		{"a put sent twice comes back over an acknowledged one", "register", none, []event{
			{2, 1, 3, put(2)}, {9, 2, 0, put(2)}, {1, 4, 5, get(2)}, {1, 6, 7, put(1)}, {1, 8, 9, get(2)},
		}},
		{"a value that was never written", "register", model.Raw, []event{{1, 1, 2, put(1)}, {2, 3, 4, get(9)}}},
		{"a value from the future", "register", model.Raw, []event{{2, 1, 2, get(1)}, {1, 3, 4, put(1)}}},
		{"a torn read", "register", model.Raw, []event{{1, 1, 2, put(1)}, {2, 3, 4, torn(get(0))}}},
		{"an ETag of another write", "register", model.Raw, []event{
			{1, 1, 2, put(1)}, {1, 3, 8, put(2)}, {2, 4, 6, ofETag(2, get(1))},
		}},
		{"two creators", "elect", model.Raw, []event{{1, 1, 4, create(1)}, {2, 2, 5, create(2)}, {3, 6, 7, get(2)}}},
		{"two creators with a delete between", "cas", none, []event{
			{1, 1, 4, create(1)}, {3, 3, 6, del()}, {2, 5, 8, create(2)}, {3, 9, 10, get(2)},
		}},
		{"two creators with an unclear delete from before", "cas", none, []event{
			{3, 1, 0, del()}, {1, 2, 4, create(1)}, {2, 5, 8, create(2)}, {3, 9, 10, get(2)},
		}},
		{"two creators and a delete that came too late", "cas", model.Raw, []event{
			{1, 1, 4, create(1)}, {2, 5, 8, create(2)}, {3, 9, 10, del()},
		}},
		{"a creator where an object is", "cas", model.Raw, []event{{1, 1, 2, put(1)}, {2, 3, 4, create(2)}}},
		{"a 412 that an unclear write explains", "elect", none, []event{
			{1, 1, 0, create(1)}, {2, 3, 4, refuse(create(2), 412)}, {3, 5, 6, get(1)},
		}},
		{"a 412 that nothing explains", "elect", model.CAS, []event{
			{2, 3, 4, refuse(create(2), 412)}, {3, 5, 6, missing()},
		}},
		{"a 412 that applied", "elect", model.Raw, []event{
			{1, 1, 2, create(1)}, {2, 3, 4, refuse(create(2), 412)}, {3, 5, 6, get(2)},
		}},
		{"a 409 that applied", "elect", model.CAS, []event{
			{2, 1, 4, refuse(create(2), 409)}, {1, 2, 3, refuse(create(1), 409)}, {3, 5, 6, get(2)},
		}},
		{"a 409 has no effect", "elect", none, []event{
			{2, 1, 4, refuse(create(2), 409)}, {1, 2, 3, create(1)}, {3, 5, 6, get(1)},
		}},
		{"two swaps of the same", "cas", model.Raw, []event{
			{1, 1, 2, put(1)}, {2, 3, 8, swap(1, 2)}, {3, 4, 9, swap(1, 3)},
		}},
		{"two swaps of what was written twice", "cas", none, []event{
			{1, 1, 2, put(1)}, {9, 2, 0, put(1)}, {2, 3, 8, swap(1, 2)}, {3, 4, 9, swap(1, 3)},
		}},
		{"a swap of what was overwritten", "cas", model.Raw, []event{
			{1, 1, 2, put(1)}, {2, 3, 4, put(2)}, {3, 5, 6, swap(1, 3)},
		}},
		{"a refused swap of what is there", "cas", model.CAS, []event{
			{1, 1, 2, put(1)}, {3, 5, 6, refuse(swap(1, 3), 412)}, {2, 7, 8, get(1)},
		}},
		{"a refused swap that an unclear write explains", "cas", none, []event{
			{1, 1, 2, put(1)}, {2, 3, 0, put(2)}, {3, 5, 6, refuse(swap(1, 3), 412)}, {2, 7, 8, get(2)},
		}},
		{"an unclear swap that had no effect", "cas", none, []event{
			{1, 1, 2, put(1)}, {2, 3, 0, swap(1, 2)}, {3, 5, 6, swap(1, 3)}, {2, 7, 8, get(3)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, w := judged(t, tiny(c.model, c.events...))
			if got != c.breaks {
				t.Errorf("got breaks %s, want %s: %+v", got, c.breaks, w.Violations)
			}
		})
	}
}
