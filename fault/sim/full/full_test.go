//go:debug randseednop=0

package full_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim/full"
)

// The environment lets a run be longer, and another one.
const (
	lengthOf = "BLEEPSTORE_SIM_VIRTUAL" // of a run, a duration
	seedOf   = "BLEEPSTORE_SIM_SEED"
	kindsOf  = "BLEEPSTORE_SIM_NEMESIS"
)

func env(t *testing.T, length time.Duration, kinds string) (uint64, time.Duration, []fault.Kind) {
	t.Helper()
	seed := uint64(1)
	if s := os.Getenv(seedOf); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	if s := os.Getenv(lengthOf); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		length = d
	}
	if s := os.Getenv(kindsOf); s != "" {
		kinds = s
	}
	if kinds == "none" {
		return seed, length, nil
	}
	chosen, err := fault.Choose(strings.Split(kinds, ","))
	if err != nil {
		t.Fatal(err)
	}
	return seed, length, chosen
}

func shm(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "bleepstore-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestWholeServer(t *testing.T) {
	seed, length, kinds := env(t, 20*time.Second, "none")
	o := full.Options{Dir: shm(t), Schedule: fault.Schedule{Seed: seed, Nodes: 3, Length: fault.Span(length)}}
	if kinds != nil {
		s, err := fault.Draw(seed, fault.Plan{Kinds: kinds, Nodes: 3, Length: length})
		if err != nil {
			t.Fatal(err)
		}
		o.Schedule = s
	}
	var out *full.Outcome
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if out, err = full.Run(t.Context(), o); err != nil {
			t.Fatalf("%v\n%+v", err, out)
		}
	})
	wall := time.Since(began)
	for _, b := range out.Diary.Bands {
		t.Logf("%s %s-%s %s%s", b.Kind, b.From, b.To, b.Skipped, b.Failed)
	}
	t.Logf("%s in %s: %.1f virtual minutes a minute; %d messages, %d elections, %d calls, recovered in %s, notes %v, played %v", length, wall, length.Seconds()/wall.Seconds(),
		out.Messages, out.Elections, out.Calls, out.Recovered, out.Notes, out.Played)
	if len(out.Violations)+len(out.Unknown) > 0 {
		t.Errorf("violations %v, unknown %v", out.Violations, out.Unknown)
	}
	v, err := check.Check(t.Context(), out.History, check.Options{MinRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	var says strings.Builder
	v.Write(&says)
	t.Log("\n" + says.String())
	if v.ExitCode(0) != 0 {
		t.Error("not ok")
	}
}
