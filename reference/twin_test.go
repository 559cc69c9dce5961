package reference_test

import (
	"errors"
	"os"
	"testing"

	"bleepstore/reference"
)

// TestCopyOfANodeDoesNotRun beside the node, under whatever address.
func TestCopyOfANodeDoesNotRun(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	var twin reference.Config
	c := reference.StartCluster(t, 2, func(node int, c *reference.Config) {
		if node == 1 {
			twin = *c
		}
	})
	c.Kill(1)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(twin.Dir)); err != nil {
		t.Fatal(err)
	}
	c.Restart(1)
	cc := *twin.Cluster
	cc.Addr, cc.Dial = "127.0.0.1:0", nil
	twin.Dir, twin.Cluster = dir, &cc
	s, err := reference.Open(t.Context(), twin)
	if !errors.Is(err, reference.ErrTwin) {
		if err == nil {
			_ = s.Close(t.Context())
		}
		t.Fatalf("got %v, want %v", err, reference.ErrTwin)
	}
	createBucket(t, client(c, 1))
}
