package reference_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
)

// closings counts how often a store is closed.
type closings struct {
	blob.Store
	n int
}

func (c *closings) Close() error {
	c.n++
	return c.Store.Close()
}

// A node that cannot start closes what it was given, once, as one that ends does.
func TestNodeThatCannotStartClosesItsStore(t *testing.T) {
	dir := t.TempDir()
	open := func() (*reference.Server, *closings, error) {
		blobs := &closings{Store: memory.New(1 << 20)}
		s, err := reference.Open(t.Context(), reference.Config{
			Dir: dir, Blobs: blobs, Reserve: -1, Users: []reference.User{{AccessKey: "a", SecretKey: "s"}},
			Cluster: &reference.ClusterConfig{Node: "a", Addr: "127.0.0.1:0", Bootstrap: true, Secret: []byte("the secret of a test's cluster")},
		})
		return s, blobs, err
	}
	s, blobs, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(context.Background()); err != nil || blobs.n != 1 {
		t.Fatalf("a node that ends: %v, its store closed %d times", err, blobs.n)
	}
	if err := os.WriteFile(filepath.Join(dir, "snapshots", "x.json"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, blobs, err = open(); err == nil || blobs.n != 1 {
		t.Errorf("a node that cannot start: %v, its store closed %d times", err, blobs.n)
	}
}
