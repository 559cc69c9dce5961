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

func TestRaftIsCorrect(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t, 2); seed++ {
		began := time.Now()
		res, err := sim.Run(context.Background(), options(t, seed, "partition", "kill", "pause"))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		outcome, why := res.Outcome()
		t.Logf("seed %d: %s; %d operations, %d elections, %d messages, %d events; recovered in %s; %s, judged %s",
			seed, outcome, len(res.History.Ops), res.Elections, res.Messages, len(res.Diary.Bands), res.Ending.Recovered, res.Wall, time.Since(began)-res.Wall)
		if testing.Verbose() {
			res.Verdict.Write(t.Output())
			if f := res.Verdict.Faults; f != nil {
				f.Write(t.Output())
			}
		}
		if outcome != sim.Good {
			t.Errorf("seed %d: %s: %q", seed, outcome, why)
		}
		for _, n := range res.Ending.Notes {
			t.Logf("note: %s", n)
		}
	}
}
