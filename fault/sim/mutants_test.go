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
		{"ack.before-commit", []string{"partition", "net", "kill"}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			for seed := uint64(1); seed <= seeds(t, 60); seed++ {
				found := plantedRun(t, seed, c.bug, options(t, seed, c.kinds...))
				if found == "" {
					continue
				}
				t.Logf("seed %d: %s", seed, found)
				if again := plantedRun(t, seed, "", options(t, seed, c.kinds...)); again != "" {
					t.Errorf("seed %d finds something without the bug, too: %s", seed, again)
				}
				return
			}
			t.Error("no seed has found it")
		})
	}
}

// TestLateAcks plants VerifyLeader as the read check. What it takes to see that
// it is none: a leader whose clock is slow, made by handing it the leadership,
// others whose clocks are fast, and acknowledgements that are held up until these
// have elected another one and it has acknowledged writes.
func TestLateAcks(t *testing.T) {
	file, err := os.Open("testdata/late-ack.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s, err := fault.ReadSchedule(file)
	if err != nil {
		t.Fatal(err)
	}
	for seed := uint64(1); seed <= seeds(t, 60); seed++ {
		o := options(t, seed)
		o.Schedule = &s
		found := plantedRun(t, seed, "read.verify-leader", o)
		if found == "" {
			continue
		}
		t.Logf("seed %d: %s", seed, found)
		if again := plantedRun(t, seed, "", o); again != "" {
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
	if o.Schedule == nil {
		o.Virtual = 30 * time.Second
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
