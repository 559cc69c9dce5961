package reference_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bleepstore/reference"
	"bleepstore/reference/cluster"
)

// TestUnfinishedFoundingJoins: a node that died while it founded a cluster, and
// then is told to join one, brings nothing along. The entry and the term of its
// own cluster would be taken for those of the other.
func TestUnfinishedFoundingJoins(t *testing.T) {
	c := reference.Config{
		Backend: reference.Local, Dir: t.TempDir(), Reserve: -1,
		Users: []reference.User{{AccessKey: "a", SecretKey: "s"}},
		Cluster: &reference.ClusterConfig{
			Addr: "127.0.0.1:0", Secret: []byte("the secret of a test's cluster"),
			Peers: []reference.ClusterPeer{{ID: "n1", Addr: "127.0.0.1:1"}},
		},
	}
	id := `{"format":2,"id":"a","backend":"local","node":"n2"}`
	if err := os.WriteFile(filepath.Join(c.Dir, "id"), []byte(id), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cluster.FoundCluster(t.Context(), cluster.Dir{Path: c.Dir}, "n2", "127.0.0.1:2"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := reference.Open(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want that it waits", err)
	}
	if has, err := cluster.HasState(t.Context(), cluster.Dir{Path: c.Dir}); has || err != nil {
		t.Errorf("it waits to join with a log of its own: %v, %v", has, err)
	}
}
