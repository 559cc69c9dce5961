package consistency

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/history"
)

// What a request came to that was sent twice is told by the first answer, and is
// open where nothing tells.
func TestAgain(t *testing.T) {
	put := history.Op{N: 7, Process: 3, Client: 2, Kind: history.Put, Bucket: "b", Key: "k", Call: 10, Return: 20, Outcome: history.OK, Arg: history.Arg{Value: 1, IfNoneMatch: "*"}}
	lost := put
	lost.Outcome, lost.Return = history.Unclear, history.Never
	twin := func(o history.Op, outcome history.Outcome, ret int64, r history.Result) history.Op {
		o.N, o.Process, o.Outcome, o.Return, o.Result = 8, 4, outcome, ret, r
		return o
	}
	open := history.Result{Error: "sent a second time on the way"}
	etag := http.Header{"Etag": {`"e"`}, "X-Amz-Version-Id": {"v"}}
	named := put
	named.Arg.ETag = "e"
	complete := put
	complete.Kind = history.Complete
	get := put
	get.Kind = history.Get
	for name, tt := range map[string]struct {
		first history.Op
		sent  Resent
		want  []history.Op
	}{
		"acknowledged": {put, Resent{Status: 200, Header: etag, Body: []byte{}},
			[]history.Op{twin(named, history.OK, 20, history.Result{Status: 200, ETag: "e", VersionID: "v"})}},
		"refused": {put, Resent{Status: 412, Body: []byte("<Error><Code>PreconditionFailed</Code></Error>")},
			[]history.Op{twin(put, history.Refused, 20, history.Result{Status: 412, Code: "PreconditionFailed"})}},
		"failed":                    {put, Resent{Status: 500, Body: []byte{}}, []history.Op{twin(put, history.Unclear, history.Never, open)}},
		"nothing is known":          {put, Resent{Status: 200}, []history.Op{twin(put, history.Unclear, history.Never, open)}},
		"the client knows nothing":  {lost, Resent{Status: 200, Header: etag, Body: []byte{}}, []history.Op{twin(named, history.Unclear, history.Never, open)}},
		"an error behind the 200":   {complete, Resent{Status: 200, Body: []byte("<Error><Code>InternalError</Code></Error>")}, []history.Op{twin(complete, history.Unclear, history.Never, open)}},
		"a 200 that says nothing":   {complete, Resent{Status: 200, Body: []byte{}}, []history.Op{twin(complete, history.Unclear, history.Never, open)}},
		"a read":                    {get, Resent{Status: 200, Body: []byte{}}, nil},
		"of another, or unrecorded": {put, Resent{Attempt: "99", Status: 200, Body: []byte{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.sent.Attempt == "" {
				tt.sent.Attempt = "7"
			}
			got, err := Again([]history.Op{tt.first}, []Resent{tt.sent})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(append([]history.Op{tt.first}, tt.want...), got); d != "" {
				t.Error(d)
			}
			if _, err := history.New(history.Header{}, got); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Again(nil, []Resent{{Attempt: "x"}}); err == nil {
		t.Error("an attempt that is no number was taken")
	}
}

// Of a DeleteObjects every key is sent again, as a batch of its own.
func TestBatchAgain(t *testing.T) {
	var ops []history.Op
	for i, key := range []string{"a", "b", "c"} {
		ops = append(ops, history.Op{N: int64(3 + i), Process: 1, Kind: history.Delete, Key: key, Call: 10, Return: 20, Outcome: history.OK, Arg: history.Arg{Batch: 3}})
	}
	got, err := Again(ops, []Resent{{Attempt: "3", Status: 200,
		Body: []byte("<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>c</Key><Code>PreconditionFailed</Code></Error></DeleteResult>")}})
	if err != nil || len(got) != 6 {
		t.Fatalf("%d operations, %v", len(got), err)
	}
	for i, want := range []history.Outcome{history.OK, history.Unclear, history.Refused} {
		o := got[3+i]
		if o.N != int64(6+i) || o.Key != ops[i].Key || o.Outcome != want || o.Arg.Batch != 6 || o.Process != 2 || o.Ended() != (want != history.Unclear) {
			t.Errorf("key %s: got %+v, want %s", ops[i].Key, o, want)
		}
	}
}
