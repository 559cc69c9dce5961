package generate

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/history"
)

// The same options give the same history, and it is one that a file can hold.
func TestSeed(t *testing.T) {
	for _, model := range Models() {
		o := Options{Seed: 3, Model: model, Unclear: 0.05, Twice: 0.05}
		first, second := mustNew(t, o), mustNew(t, o)
		if d := cmp.Diff(first.History, second.History); d != "" {
			t.Fatalf("%s: one seed gave two histories (-first +second):\n%s", model, d)
		}
		var file bytes.Buffer
		w, err := history.NewWriter(&file, first.History.Header)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range first.History.Ops {
			w.Add(op)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, err := history.Read(&file)
		if err != nil {
			t.Fatalf("%s: %v", model, err)
		}
		if d := cmp.Diff(first.History, got); d != "" {
			t.Errorf("%s: the file holds another history (-generated +read):\n%s", model, d)
		}
		o.Seed++
		if cmp.Equal(first.History.Ops, mustNew(t, o).History.Ops) {
			t.Errorf("%s: two seeds gave one history", model)
		}
	}
}

// Every model's histories hold what makes checking them hard: each kind of
// operation with each outcome that it can have, and operations that overlap.
func TestMix(t *testing.T) {
	want := map[string][]string{
		"register":    {"put ok", "put unclear", "get 200", "get 206", "get 404", "head 200", "get 416"},
		"cas":         {"put ok", "put unclear", "put 412", "put 409", "get 200", "get 304", "get 412"},
		"elect":       {"put ok", "put unclear", "put 412", "put 409", "get 200"},
		"append":      {"put ok", "put unclear", "put 412", "put 409", "get 200", "get 404"},
		"delete":      {"put ok", "delete ok", "delete unclear", "delete 412", "delete 404", "delete 409", "get 404"},
		"list":        {"put ok", "delete ok", "put unclear", "list 200", "get 200"},
		"list-atomic": {"put ok", "delete ok", "put unclear", "list 200", "get 200"},
		"set":         {"put ok", "put unclear", "list 200"},
		"versions":    {"put ok", "put unclear", "delete ok", "delete unclear", "list-versions 200", "get 200", "get 404"},
		"multipart": {"create-upload ok", "upload-part ok", "upload-part unclear", "upload-part 404", "complete ok", "complete unclear",
			"complete 400", "complete 404", "complete 412", "abort ok", "abort 404", "get 200"},
		"copy": {"put ok", "copy ok", "copy unclear", "get 200"},
		"tags": {"put ok", "put-tags ok", "put-tags unclear", "get-tags 200", "get 200"},
	}
	for _, model := range Models() {
		seen := map[string]int{}
		for seed := range uint64(20) {
			for _, op := range mustNew(t, Options{Seed: seed, Model: model, Unclear: 0.05}).History.Ops {
				name := string(op.Outcome)
				if op.Kind.Reads() || op.Outcome == history.Refused {
					name = fmt.Sprint(op.Result.Status)
				}
				seen[string(op.Kind)+" "+name]++
			}
		}
		for _, name := range want[model] {
			if seen[name] == 0 {
				t.Errorf("%s: no %s in 20 histories: %v", model, name, seen)
			}
		}
	}
}

// A planted history differs from the legal one in the operations of the fault,
// and each kind can be planted in each of its models.
func TestPlants(t *testing.T) {
	want := 5
	if testing.Short() {
		want = 1
	}
	for _, kind := range Kinds() {
		for _, model := range kind.Models {
			planted := 0
			for seed := uint64(0); seed < 150 && planted < want; seed++ {
				o := Options{Seed: seed, Model: model, Unclear: 0.05, Plant: kind.Name, Slow: 0.1, Clients: 3}
				run := mustNew(t, o)
				if run.Planted == nil {
					continue
				}
				planted++
				checkPlant(t, o, run)
			}
			if planted < want {
				t.Errorf("%s was planted in %d of 150 histories of %s, want %d", kind.Name, planted, model, want)
			}
		}
	}
}

func checkPlant(t *testing.T, o Options, run *Run) {
	t.Helper()
	ops := map[int64]history.Op{}
	for _, op := range run.History.Ops {
		ops[op.N] = op
	}
	for _, n := range run.Planted.Ops {
		if _, ok := ops[n]; !ok {
			t.Errorf("%s in %s, seed %d: operation %d is not in the history", o.Plant, o.Model, o.Seed, n)
		}
	}
	if run.Planted.Kind.bend != nil {
		return // what follows a wrong effect differs as well
	}
	o.Plant = ""
	changed := 0
	for _, op := range mustNew(t, o).History.Ops {
		if !reflect.DeepEqual(op, ops[op.N]) {
			changed++
			if op.N != run.Planted.Ops[0] {
				t.Errorf("%s in %s, seed %d: operation %d differs, want %d alone", o.Plant, o.Model, o.Seed, op.N, run.Planted.Ops[0])
			}
		}
	}
	if changed != 1 {
		t.Errorf("%s in %s, seed %d: %d operations differ from the legal run, want 1", run.Planted.Kind.Name, o.Model, o.Seed, changed)
	}
}

func TestUnknown(t *testing.T) {
	for name, o := range map[string]Options{
		"model":          {Model: "nothing"},
		"fault":          {Model: "register", Plant: "nothing"},
		"fault of a set": {Model: "set", Plant: "stale-copy"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func mustNew(t *testing.T, o Options) *Run {
	t.Helper()
	run, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}
