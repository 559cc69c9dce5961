//go:debug randseednop=0

package sim_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim"
)

// seeds is how many seeds a test runs: SIM_SEEDS, else few.
func seeds(t *testing.T, few uint64) uint64 {
	if text := os.Getenv("SIM_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return few
}

func options(t *testing.T, seed uint64, kinds ...string) sim.Options {
	t.Helper()
	chosen, err := fault.Choose(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Options{
		Level: sim.LevelRaft, Seed: seed, Nodes: 3, Virtual: time.Minute, Kinds: chosen,
		Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	}
}

// TestRaftIsCorrect: whatever is done to it, the cluster of level raft is what it
// should be.
func TestRaftIsCorrect(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t, 2); seed++ {
		o := options(t, seed, "partition", "net", "kill", "pause", "clock", "snapshot", "membership", "disk")
		if o.Virtual = 20 * time.Second; seed%2 == 0 {
			o.Nodes = 5
		}
		res, err := sim.Run(context.Background(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		outcome, why := res.Outcome()
		t.Logf("seed %d: %s; %d operations, %d elections, %d messages, %d events; recovered in %s; it took %s",
			seed, outcome, len(res.History.Ops), res.Elections, res.Messages, len(res.Diary.Bands), res.Ending.Recovered, res.Wall)
		for _, n := range res.Ending.Notes {
			t.Logf("note: %s", n)
		}
		if outcome != sim.Violation {
			continue // a run so short may show nothing
		}
		t.Errorf("seed %d: %s: %q", seed, outcome, why)
	}
}

// TestSharedIsCorrect: so is one whose nodes keep bodies in one store, through
// several sweeps of it.
func TestSharedIsCorrect(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t, 1); seed++ {
		o := options(t, seed, "partition", "net", "kill", "pause", "clock", "snapshot", "membership")
		o.Shared, o.Virtual = true, 3*time.Minute
		res, err := sim.Run(context.Background(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		outcome, why := res.Outcome()
		t.Logf("seed %d: %s; %d operations, %d elections; it took %s", seed, outcome, len(res.History.Ops), res.Elections, res.Wall)
		if outcome == sim.Violation {
			t.Errorf("seed %d: %q", seed, why)
		}
	}
}

// TestNothingIsDone: a schedule without faults finds every workload at its level.
func TestNothingIsDone(t *testing.T) {
	o := options(t, 1)
	o.Schedule = &fault.Schedule{Nodes: 3, Length: fault.Span(15 * time.Second)}
	res, err := sim.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if outcome, why := res.Outcome(); outcome != sim.Good {
		t.Errorf("%s: %q", outcome, why)
	}
	for _, w := range res.Verdict.Workloads {
		if w.Level != w.Top {
			t.Errorf("%s reaches %s, want %s", w.Name, w.Level, w.Top)
		}
	}
}
