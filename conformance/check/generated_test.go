package check_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/history/generate"
	"bleepstore/conformance/model"
)

var (
	seedFlag  = flag.Uint64("generated.seed", 0, "generate the history of this seed alone")
	countFlag = flag.Int("generated.count", 1, "and those of the seeds after it, so many in all")
)

// seeds returns those of so many histories, few of them under -short.
func seeds(t *testing.T, few, many int) []uint64 {
	t.Helper()
	first, n := uint64(1), many
	switch {
	case *seedFlag != 0:
		first, n = *seedFlag, *countFlag
	case testing.Short():
		n = few
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = first + uint64(i)
	}
	return out
}

// legal returns the options of a legal history: its size, its clients and what
// goes wrong on the way differ from seed to seed.
func legal(name string, seed uint64) generate.Options {
	unclear := 0.05
	if seed%4 == 3 && name != "list-atomic" && name != "versions" {
		unclear = 0.2 // more than what is judged in one piece can bear
	}
	removes, ops, clients := name == "versions" && seed%8 == 1, 250+int(seed%4)*50, 2+int(seed%4)
	if removes {
		ops, clients = 80, 2 // no listing tells what became of unclear writes any more
	}
	return generate.Options{
		Seed: seed, Model: name, Ops: ops, Unclear: unclear, Removes: removes,
		Clients: clients,
		Twice:   []float64{0, 0, 0.03}[seed%3],
		Opaque:  seed%5 == 0,
		Tick:    []time.Duration{0, 0, 0, 0, 0, 0, 100 * time.Microsecond}[seed%7],
		Slow:    []float64{0.03, 0.1}[seed%2],
	}
}

func generated(t *testing.T, o generate.Options) *generate.Run {
	t.Helper()
	run, err := generate.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func judge(t *testing.T, h *history.History) check.Workload {
	t.Helper()
	v, err := check.Check(context.Background(), h, check.Options{Deadline: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Workloads) != 1 {
		t.Fatalf("%d verdicts, want 1", len(v.Workloads))
	}
	return v.Workloads[0]
}

// No history that is legal by construction is called anything else: 84 of each
// model, with operations that were never answered.
func TestLegalHistories(t *testing.T) {
	for _, name := range generate.Models() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := 0
			for _, seed := range seeds(t, 6, 84) {
				o := legal(name, seed)
				got := judge(t, generated(t, o).History)
				if len(got.Violations) == 0 && (got.Level == got.Top && got.Inconclusive == "" || o.Removes) {
					continue // no workload removes versions, and a search of that may end without an answer
				}
				if bad++; bad > 3 {
					continue
				}
				t.Errorf("seed %d: level %s of %s, %d violations, inconclusive %q\nrepeat: go test ./conformance/check -run 'TestLegalHistories/^%s$' -generated.seed %d",
					seed, got.Level, got.Top, len(got.Violations), got.Inconclusive, name, seed)
				for _, x := range got.Violations {
					t.Logf("breaks %s, key %s: %s", x.Breaks, x.Key, x.Says)
				}
			}
			if bad > 0 {
				t.Errorf("%d false verdicts", bad)
			}
		})
	}
}

// What was planted is found, at the level that it breaks and at none below where
// that still holds, and told with few operations.
func TestPlantedHistories(t *testing.T) {
	for _, kind := range generate.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			for _, name := range kind.Models {
				tried, planted, caught, longest := 0, 0, 0, 0
				for _, seed := range seeds(t, 60, 240) {
					if *seedFlag == 0 && planted == len(seeds(t, 3, 12)) {
						break
					}
					tried++
					run := generated(t, generate.Options{Seed: seed, Model: name, Unclear: 0.05, Slow: 0.1, Clients: 2 + int(seed%3), Plant: kind.Name})
					if run.Planted == nil {
						continue // there was no occasion
					}
					planted++
					got := judge(t, run.History)
					if err := found(kind, got); err != nil {
						t.Errorf("%s, seed %d, operations %v: %v\nrepeat: go test ./conformance/check -run 'TestPlantedHistories/^%s$' -generated.seed %d",
							name, seed, run.Planted.Ops, err, kind.Name, seed)
						for _, x := range got.Violations {
							t.Logf("breaks %s, key %s: %s", x.Breaks, x.Key, x.Says)
						}
						continue
					}
					caught++
					for _, x := range got.Violations {
						longest = max(longest, len(x.Ops))
					}
				}
				if planted == 0 && *seedFlag == 0 {
					t.Errorf("%s: no occasion in %d histories", name, tried)
				}
				t.Logf("%s in %s: %d of %d planted, %d caught, counterexamples of at most %d operations", kind.Name, name, planted, tried, caught, longest)
			}
		})
	}
}

// found says what is wrong with the verdict on a history with a fault.
func found(kind *generate.Kind, got check.Workload) error {
	level, err := model.ParseLevel(kind.Breaks)
	if err != nil {
		return err
	}
	for _, x := range got.Violations {
		if len(x.Ops) == 0 || len(x.Ops) > 12 {
			return fmt.Errorf("the counterexample of %s has %d operations, want 1 to 12", x.Breaks, len(x.Ops))
		}
		if kind.Only && x.Breaks < level {
			return fmt.Errorf("breaks %s, want %s intact", x.Breaks, x.Breaks)
		}
	}
	if got.Level >= level {
		return fmt.Errorf("level %s of %s was reached, want less than %s; inconclusive %q", got.Level, got.Top, level, got.Inconclusive)
	}
	if !slices.ContainsFunc(got.Violations, func(x check.Violation) bool { return x.Breaks <= level }) {
		return fmt.Errorf("nothing is said to break %s; inconclusive %q", level, got.Inconclusive)
	}
	return nil
}
