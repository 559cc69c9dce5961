package replica

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
)

func TestSafeWithout(t *testing.T) {
	f := newFleet(t, 4)
	all := f.fill(1500) // more than a page
	n := f.nodes["n0"]
	want := func(node string, ids ...blob.ID) {
		t.Helper()
		got, err := n.SafeWithout(t.Context(), node)
		if err != nil || !slices.Equal(got, ids) {
			t.Errorf("without %s: got %v, %v, want %v", node, got, err, ids)
		}
	}
	want("n2")
	f.drop(all[7], n, f.nodes["n1"], f.nodes["n3"])
	f.drop(all[1400], f.nodes["n1"], f.nodes["n2"], f.nodes["n3"])
	f.drop(all[9], n, f.nodes["n1"], f.nodes["n2"], f.nodes["n3"]) // lost: no reason to keep anybody
	want("n2", all[7])
	want("n1")
	want("n0", all[1400])
	f.nodes["n2"].setDown(true)
	want("n2", all[7], all[9]) // it may have them
	if got, err := n.SafeWithout(t.Context(), "n1"); err != nil || len(got) != 0 {
		t.Errorf("without n1, which has nothing alone: got %v, %v", got, err)
	}
	f.nodes["n1"].setDown(true)
	f.nodes["n3"].setDown(true)
	if got, err := n.SafeWithout(t.Context(), "n0"); err != nil || len(got) != maxUnsafe {
		t.Errorf("nobody else is reached: got %d, %v, want %d", len(got), err, maxUnsafe)
	}
}

func TestPausedDeletes(t *testing.T) {
	f := newFleet(t, 3)
	all := f.fill(3)
	n := f.nodes["n0"]
	resume, again := n.PauseDeletes(), n.PauseDeletes()
	if err := n.Delete(t.Context(), all[0]); err != nil {
		t.Error(err)
	}
	f.wantCopies(all[0], "n0", "n1", "n2")
	if err := f.nodes["n1"].Delete(t.Context(), all[1]); err != nil {
		t.Error(err)
	}
	f.wantCopies(all[1], "n0")
	resume()
	resume() // counts once
	if err := n.Local().Delete(t.Context(), all[1]); err != nil {
		t.Error(err)
	}
	f.wantCopies(all[1], "n0")
	again()
	for _, id := range all {
		if err := n.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
		f.wantCopies(id)
	}
}

// TestADeleteReachesWhomItCan, and is no error.
func TestADeleteReachesWhomItCan(t *testing.T) {
	f := newFleet(t, 3)
	all := f.fill(2)
	f.nodes["n1"].setDown(true)
	for _, id := range all {
		if err := f.nodes["n0"].Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
		f.wantCopies(id, "n1")
	}
}

// TestStatWithoutAStater finds one blob among others by List.
func TestStatWithoutAStater(t *testing.T) {
	f := newFleet(t, 1, func(o *Options) { o.Local = struct{ blob.Store }{memory.New(0)} })
	n := f.nodes["n0"]
	for i := range 5 {
		id := blob.ID(fmt.Sprintf("a-%d", i))
		n.mustPut(id, content(id, i))
		if got, err := n.stat(context.Background(), id); err != nil || got != info(id, content(id, i)) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for _, id := range []blob.ID{"a", "a-", "a-00", "a-5", "b", "A"} {
		if got, err := n.stat(context.Background(), id); err == nil {
			t.Errorf("%s: got %+v, want an error", id, got)
		}
	}
}
