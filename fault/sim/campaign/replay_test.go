package campaign

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim"
)

// TestReplay: a seed plays the same history every time, to the nanosecond, also
// where what is asked for behind it and what the environment says are others.
func TestReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	bin := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", bin, "testdata/program.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said strings.Builder
	c := &Campaign{Command: []string{bin}, Say: &said}
	digests := map[string]uint64{}
	for seed := uint64(1); seed <= 2; seed++ {
		j := Job{Level: sim.LevelRaft, Seed: seed, Nodes: 3, Length: fault.Span(15 * time.Second), Kinds: []string{"partition", "kill", "pause"}}
		var first *Report
		for i := range 3 { // wherever its files go
			j.After = After{Dir: filepath.Join(t.TempDir(), strings.Repeat("long", 10*i)), Keep: i > 0, Repeat: strings.Repeat("again ", 50*i)}
			t.Setenv("OTHER", strings.Repeat("x", 1000*i))
			r, err := c.run(context.Background(), j)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(said.String(), errNoFate.Error()) {
				t.Skip(said.String())
			}
			if first == nil {
				first = r
				continue
			}
			if r.Digest != first.Digest || r.Messages != first.Messages {
				t.Errorf("seed %d: %d operations and %d messages, and then %d and %d", seed, first.Ops, first.Messages, r.Ops, r.Messages)
			}
		}
		if other, ok := digests[first.Digest]; ok || first.Ops == 0 {
			t.Errorf("seed %d: %d operations, as seed %d", seed, first.Ops, other)
		}
		digests[first.Digest] = seed
	}
}
