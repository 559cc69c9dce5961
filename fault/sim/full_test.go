package sim_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"bleepstore/fault/sim"
)

// The environment lets a run of the whole server be another one.
const (
	virtualOf = "SIM_VIRTUAL" // its length, a duration
	kindsOf   = "SIM_NEMESIS" // kinds of faults and groups of them, separated by commas
	nodesOf   = "SIM_NODES"
)

func fullOptions(t *testing.T, seed uint64, virtual time.Duration, kinds ...string) sim.Options {
	t.Helper()
	if list := os.Getenv(kindsOf); list != "" {
		kinds = strings.Split(list, ",")
	}
	if text := os.Getenv(virtualOf); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		virtual = d
	}
	o := options(t, seed, kinds...)
	o.Level, o.Virtual = sim.LevelFull, virtual
	if text := os.Getenv(nodesOf); text != "" {
		if _, err := fmt.Sscan(text, &o.Nodes); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// TestWholeServer: signed requests over a network that fails, to nodes that die,
// and everything was as if there were one server that never does.
func TestWholeServer(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t, 1); seed++ {
		o := fullOptions(t, seed, 30*time.Second, "partition", "net", "kill", "pause", "clock", "snapshot", "membership")
		res, err := sim.Run(context.Background(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		outcome, why := res.Outcome()
		t.Logf("seed %d: %s; %s in %s, %.1f virtual minutes a minute; %d operations, %d elections, %d messages, recovered in %s", seed, outcome, o.Virtual, res.Wall,
			o.Virtual.Seconds()/res.Wall.Seconds(), len(res.History.Ops), res.Elections, res.Messages, res.Ending.Recovered)
		for _, b := range res.Diary.Bands {
			t.Logf("%s %s to %s %v %s%s", b.Kind, b.From, b.To, b.Args, b.Skipped, b.Failed)
		}
		for _, n := range res.Ending.Notes {
			t.Logf("note: %s", n)
		}
		var says strings.Builder
		res.Verdict.Write(&says)
		t.Logf("\n%s", &says)
		if outcome != sim.Good {
			t.Errorf("seed %d: %s: %q", seed, outcome, why)
		}
	}
}
