package mount

import (
	"os"
	"path/filepath"
	"testing"

	"bleepstore/fault"
	"bleepstore/fault/process"
)

var _ process.Disks = (*Rack)(nil)

// Each node has a disk of its own: what one loses, another keeps.
func TestRack(t *testing.T) {
	if err := Probe(); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	self, err := os.Executable()
	must(t, err)
	ctx, dir := t.Context(), t.TempDir()
	r := NewRack(Options{Self: self, Seed: 1})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, r.Trouble(ctx, "n2", fault.DiskTrouble{Full: true})) // it is not mounted yet
	must(t, r.PowerCut(ctx, "n1"))
	for _, node := range []string{"n1", "n2", "n1"} {
		must(t, r.Mount(ctx, node, filepath.Join(dir, node)))
	}
	if err := r.Mount(ctx, "n1", filepath.Join(dir, "other")); err == nil {
		t.Error("the disk of a node was mounted elsewhere")
	}
	if err := os.WriteFile(filepath.Join(dir, "n2", "f"), nil, 0o600); err == nil {
		t.Error("the disk is not full")
	}
	must(t, r.Trouble(ctx, "n2", fault.DiskTrouble{}))
	lost := false
	for range 20 { // what is not synced may last
		for _, node := range []string{"n1", "n2"} {
			write(t, filepath.Join(dir, node, "f"), "text", false)
		}
		must(t, r.PowerCut(ctx, "n1"))
		must(t, r.Mount(ctx, "n1", filepath.Join(dir, "n1")))
		if got, err := os.ReadFile(filepath.Join(dir, "n2", "f")); err != nil || string(got) != "text" {
			t.Fatalf("n2 had its power, and: %q, %v", got, err)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "n1", "f")); string(got) != "text" {
			lost = true
			break
		}
	}
	if !lost {
		t.Error("n1 has lost nothing")
	}
	got, err := r.Stats(ctx)
	if err != nil || got["n1"].Crashes == 0 || got["n2"].Crashes != 0 || got["n2"].Used == 0 || got["n2"].Limit != DefaultLimit {
		t.Errorf("the disks say %+v, %v", got, err)
	}
}
