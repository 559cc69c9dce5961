//go:build mutants

package sim_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim"
)

// TestPlantedBugs: each is found by some seed of few, and its history says so;
// the same seeds find nothing where none is planted.
func TestPlantedBugs(t *testing.T) {
	for _, c := range []struct {
		bug   string
		kinds []string
	}{
		{"read.follower", []string{"partition", "pause"}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			hunt(t, c.bug, func(seed uint64) sim.Options {
				o := options(t, seed, c.kinds...)
				o.Virtual = 30 * time.Second
				return o
			})
		})
	}
}

// TestScripts: bugs that a drawn schedule meets seldom, and these often.
//
// late-ack: what it takes to see that VerifyLeader is no check for reads is a
// leader whose clock is slow, made by handing it the leadership, others whose
// clocks are fast, and acknowledgements that are held up until these have elected
// another one and it has acknowledged writes. early-ack: a leader whose messages
// take long, and then do not arrive at all.
func TestScripts(t *testing.T) {
	for _, c := range []struct{ bug, script string }{
		{"read.verify-leader", "testdata/late-ack.json"},
		{"ack.before-commit", "testdata/early-ack.json"},
	} {
		t.Run(c.bug, func(t *testing.T) {
			file, err := os.Open(c.script)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			s, err := fault.ReadSchedule(file)
			if err != nil {
				t.Fatal(err)
			}
			hunt(t, c.bug, func(seed uint64) sim.Options {
				o := options(t, seed)
				o.Schedule = &s
				return o
			})
		})
	}
}

// hunt looks for a seed that finds a bug, and finds nothing without it.
func hunt(t *testing.T, bug string, with func(seed uint64) sim.Options) {
	t.Helper()
	for seed := uint64(1); seed <= seeds(t, 60); seed++ {
		found := plantedRun(t, seed, bug, with(seed))
		if found == "" {
			continue
		}
		t.Logf("seed %d: %s", seed, found)
		if again := plantedRun(t, seed, "", with(seed)); again != "" {
			t.Errorf("seed %d finds something without the bug, too: %s", seed, again)
		}
		return
	}
	t.Error("no seed has found it")
}

// plantedRun says what a run with a bug shows that must not be; "": nothing.
func plantedRun(t *testing.T, seed uint64, bug string, o sim.Options) string {
	t.Helper()
	if bug != "" {
		fault.Plant(bug)
		defer fault.Unplant()
	}
	res, err := sim.Run(context.Background(), o)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if outcome, why := res.Outcome(); outcome == sim.Violation {
		return strings.Join(why, "\n")
	}
	return ""
}
