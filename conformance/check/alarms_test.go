package check_test

import (
	"context"
	"testing"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// Legal histories that were once called something else, cut down to what
// mattered. They are too short for a verdict, so that only violations count.
func TestFalseAlarms(t *testing.T) {
	parts := history.Arg{UploadID: "u", Parts: []history.Part{{Number: 1, ETag: "p"}}, Values: []history.Value{1}, ETag: "e-1"}
	for _, tt := range []struct {
		name, kind string
		groups     [][]string
		breaks     model.Level // 0: nothing
		ops        []history.Op
	}{
		{
			// An ETag need not be a digest of the bytes, so that a copy's can be
			// another than its source's.
			name: "copy with an ETag of its own", kind: "copy", groups: [][]string{{"a", "b"}},
			ops: []history.Op{
				{Kind: history.Put, Key: "a", Call: 1, Return: 2, Arg: history.Arg{Value: 1, Size: 32, ETag: "md5"}, Result: history.Result{Status: 200, ETag: "w"}},
				{Kind: history.Put, Key: "a", Call: 1, Return: history.Never, Outcome: history.Unclear, Arg: history.Arg{Value: 2, Size: 32, ETag: "md5"}},
				{Kind: history.Copy, Key: "b", Call: 3, Return: 4, Arg: history.Arg{SourceKey: "a"}, Result: history.Result{Status: 200, ETag: "y"}},
				{Kind: history.Get, Key: "b", Call: 5, Return: 6, Result: history.Result{Status: 200, Value: 2, Size: 32, ETag: "y"}},
				{Kind: history.Get, Key: "a", Call: 7, Return: 8, Result: history.Result{Status: 200, Value: 2, Size: 32, ETag: "x"}},
			},
		},
		{
			// Nor need two writes of the same bytes have the same one.
			name: "request sent twice, each time another ETag", kind: "register",
			ops: []history.Op{
				{Kind: history.Put, Key: "a", Call: 1, Return: 4, Arg: history.Arg{Value: 1, Size: 32, ETag: "md5"}, Result: history.Result{Status: 200, ETag: "x"}},
				{Kind: history.Put, Key: "a", Call: 2, Return: history.Never, Outcome: history.Unclear, Arg: history.Arg{Value: 1, Size: 32, ETag: "md5"}},
				{Kind: history.Get, Key: "a", Call: 5, Return: 6, Result: history.Result{Status: 200, Value: 1, Size: 32, ETag: "y"}},
			},
		},
		{
			// The writer learns such an ETag from its answer, if one comes.
			name: "request sent twice, an ETag that was learned", kind: "register",
			ops: []history.Op{
				{Kind: history.Put, Key: "a", Call: 1, Return: 4, Arg: history.Arg{Value: 1, Size: 32, ETag: "x"}, Result: history.Result{Status: 200, ETag: "x"}},
				{Kind: history.Put, Key: "a", Call: 2, Return: history.Never, Outcome: history.Unclear, Arg: history.Arg{Value: 1, Size: 32}},
				{Kind: history.Get, Key: "a", Call: 5, Return: 6, Result: history.Result{Status: 200, Value: 1, Size: 32, ETag: "y"}},
			},
		},
		{
			// What an unclear write was called is learned from who read it.
			name: "version of an unclear write removed", kind: "versions",
			ops: []history.Op{
				{Kind: history.Put, Key: "a", Call: 1, Return: history.Never, Outcome: history.Unclear, Arg: history.Arg{Value: 1, Size: 32, ETag: "e"}},
				{Kind: history.Get, Key: "a", Call: 2, Return: 3, Result: history.Result{Status: 200, Value: 1, Size: 32, ETag: "e", VersionID: "one"}},
				{Kind: history.Delete, Key: "a", Call: 4, Return: 5, Arg: history.Arg{VersionID: "one"}, Result: history.Result{Status: 204, VersionID: "one"}},
				{Kind: history.Get, Key: "a", Call: 6, Return: 7, Outcome: history.Refused, Result: history.Result{Status: 404, Code: "NoSuchKey"}},
			},
		},
		{
			// What is written after an upload was begun may take precedence over
			// its completion: raw lets it, and a search would not.
			name: "deleted while the upload was under way", kind: "multipart", breaks: model.Register,
			ops: []history.Op{
				{Kind: history.CreateUpload, Key: "a", Call: 1, Return: 2, Result: history.Result{Status: 200, UploadID: "u"}},
				{Kind: history.UploadPart, Key: "a", Call: 3, Return: 4, Arg: history.Arg{UploadID: "u", Part: 1, Value: 1, Size: 32, ETag: "p"}, Result: history.Result{Status: 200, ETag: "p"}},
				{Kind: history.Delete, Key: "a", Call: 5, Return: 6, Result: history.Result{Status: 204}},
				{Kind: history.Complete, Key: "a", Call: 7, Return: 8, Arg: parts, Result: history.Result{Status: 200, ETag: "e-1"}},
				{Kind: history.Get, Key: "a", Call: 9, Return: 10, Outcome: history.Refused, Result: history.Result{Status: 404, Code: "NoSuchKey"}},
			},
		},
		{
			// A Complete that is repeated is answered as before, and has no effect.
			name: "Complete repeated after a later write", kind: "multipart",
			ops: []history.Op{
				{Kind: history.CreateUpload, Key: "a", Call: 1, Return: 2, Result: history.Result{Status: 200, UploadID: "u"}},
				{Kind: history.UploadPart, Key: "a", Call: 3, Return: 4, Arg: history.Arg{UploadID: "u", Part: 1, Value: 1, Size: 32, ETag: "p"}, Result: history.Result{Status: 200, ETag: "p"}},
				{Kind: history.Complete, Key: "a", Call: 5, Return: 6, Arg: parts, Result: history.Result{Status: 200, ETag: "e-1"}},
				{Kind: history.Delete, Key: "a", Call: 7, Return: 8, Result: history.Result{Status: 204}},
				{Kind: history.Complete, Key: "a", Call: 9, Return: 10, Arg: parts, Result: history.Result{Status: 200, ETag: "e-1"}},
				{Kind: history.Get, Key: "a", Call: 11, Return: 12, Outcome: history.Refused, Result: history.Result{Status: 404, Code: "NoSuchKey"}},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &history.History{Header: history.Header{Workloads: []history.Workload{{Name: "w", Model: tt.kind, Groups: tt.groups}}}}
			for i, o := range tt.ops {
				o.N, o.Process, o.Workload, o.Bucket = int64(i+1), i+1, "w", "bucket"
				if o.Outcome == "" {
					o.Outcome = history.OK
				}
				h.Ops = append(h.Ops, o)
			}
			v, err := check.Check(context.Background(), h, check.Options{MinRate: -1})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range v.Workloads[0].Violations {
				if tt.breaks != 0 && x.Breaks >= tt.breaks {
					continue
				}
				t.Errorf("a legal history is said to break %s, key %s: %s", x.Breaks, x.Key, x.Says)
			}
		})
	}
}
