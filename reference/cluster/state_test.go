package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bleepstore/reference/meta"
)

func TestHasState(t *testing.T) {
	ctx := t.Context()
	want := func(dir string, has bool, why error) {
		t.Helper()
		if got, err := HasState(ctx, Dir{Path: dir}); got != has || !errors.Is(err, why) {
			t.Fatalf("got %v, %v; want %v, %v", got, err, has, why)
		}
	}
	dir := t.TempDir()
	want(dir, false, nil)
	if _, err := os.Stat(filepath.Join(dir, "raft.db")); err == nil {
		t.Fatal("looking has made a log")
	}
	if err := FoundCluster(ctx, Dir{Path: dir}, "a", "a:1"); err != nil {
		t.Fatal(err)
	}
	want(dir, true, nil)

	alone := t.TempDir()
	db, err := meta.Open(ctx, meta.Options{Path: filepath.Join(alone, "meta.db"), Sync: meta.SyncFull})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply([]meta.Entry{{Index: 1, Command: meta.Command{ID: "command-command-", Op: meta.CreateBucket{Name: "b", Owner: "o"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	want(alone, false, ErrLogLost)
}

// A snapshot beside an empty log tells that there were votes, which are forgotten.
func TestHasStateOfAnEmptiedLog(t *testing.T) {
	for _, image := range []bool{false, true} {
		w := newWreck(t)
		w.snapshot(20, image)
		if has, err := HasState(t.Context(), Dir{Path: w.dir}); !has || err != nil {
			t.Errorf("image %v: got %v, %v before", image, has, err)
		}
		for _, void := range []bool{true, false} {
			for _, name := range []string{"raft.db", "raft.db-wal", "raft.db-shm"} {
				if err := os.Remove(w.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if void {
				w.must(os.WriteFile(w.path("raft.db"), nil, 0o600))
			}
			if has, err := HasState(t.Context(), Dir{Path: w.dir}); has || !errors.Is(err, ErrLogLost) {
				t.Errorf("image %v, empty file %v: got %v, %v, want ErrLogLost", image, void, has, err)
			}
		}
	}
}
