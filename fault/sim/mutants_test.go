//go:build mutants

package sim_test

import (
	"context"
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
		{"ack.before-commit", []string{"partition", "net", "kill"}},
		{"read.verify-leader", []string{"net", "pause", "clock"}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			for seed := uint64(1); seed <= seeds(t, 60); seed++ {
				found := plantedRun(t, seed, c.bug, c.kinds)
				if found == "" {
					continue
				}
				t.Logf("seed %d: %s", seed, found)
				if again := plantedRun(t, seed, "", c.kinds); again != "" {
					t.Errorf("seed %d finds something without the bug, too: %s", seed, again)
				}
				return
			}
			t.Error("no seed has found it")
		})
	}
}

// plantedRun says what a run with a bug shows that must not be; "": nothing.
func plantedRun(t *testing.T, seed uint64, bug string, kinds []string) string {
	t.Helper()
	if bug != "" {
		fault.Plant(bug)
		defer fault.Unplant()
	}
	o := options(t, seed, kinds...)
	o.Virtual = 20 * time.Second
	res, err := sim.Run(context.Background(), o)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if outcome, why := res.Outcome(); outcome == sim.Violation {
		return strings.Join(why, "\n")
	}
	return ""
}
