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
		if got, err := HasState(ctx, dir); got != has || !errors.Is(err, why) {
			t.Fatalf("got %v, %v; want %v, %v", got, err, has, why)
		}
	}
	dir := t.TempDir()
	want(dir, false, nil)
	if _, err := os.Stat(filepath.Join(dir, "raft.db")); err == nil {
		t.Fatal("looking has made a log")
	}
	if err := FoundCluster(ctx, dir, "a", "a:1"); err != nil {
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
