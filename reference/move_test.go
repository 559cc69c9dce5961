package reference_test

import (
	"testing"

	"bleepstore/reference"
)

// knownAt waits until a node, as another one tells, is reached at an address.
func knownAt(t *testing.T, c *reference.Cluster, teller int, id, addr string) {
	t.Helper()
	c.Await("the node is known where it is", func() bool {
		for _, s := range c.Node(teller).Server.Cluster().Survey(t.Context()) {
			if s.ID == id && s.Addr == addr && s.Err == "" {
				return true
			}
		}
		return false
	})
}

// One node comes back at other addresses, for its peers and for its clients, of
// which only it was told.
func TestOneNodeMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, smallLog)
	f := startTraffic(t, c, 0, 1, 2)
	f.await(20)
	moved := (c.Leader() + 1) % 3
	f.leave(moved)
	old := c.Node(moved).URL
	c.Kill(moved)
	f.await(20)
	addr := c.FreePort()
	c.Restart(moved, func(conf *reference.Config) { conf.Cluster.Addr, conf.Addr = addr, "127.0.0.1:0" })
	if c.Node(moved).URL == old {
		t.Fatal("it listens where it did")
	}
	knownAt(t, c, (moved+1)%3, c.Peers()[moved].ID, addr)
	f.use(c, moved)
	f.await(20)
	gone := (moved + 2) % 3 // nothing goes on without the moved one then
	f.leave(gone)
	c.Kill(gone)
	f.await(20)
	f.end()
	f.verify(c, moved)
	c.AwaitEqual()
}

// Every node is ended at the same time, in the middle of what it does, and all go
// on from there; the second time at other addresses, which their configuration
// says and the cluster's does not.
func TestRestartOfAll(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, smallLog)
	f := startTraffic(t, c, 0, 1, 2)
	peers := c.Peers()
	for range 2 {
		f.await(50)
		for node := range peers {
			c.Kill(node)
		}
		f.end()
		for node, p := range peers {
			c.Restart(node, func(conf *reference.Config) { conf.Cluster.Addr, conf.Cluster.Peers = p.Addr, peers })
		}
		c.Leader()
		for _, p := range peers {
			knownAt(t, c, 0, p.ID, p.Addr)
		}
		f.use(c, 0, 1, 2)
		f.verify(c, 0, 1, 2)
		c.AwaitEqual()
		f.resume()
		var elsewhere []reference.ClusterPeer
		for _, p := range peers {
			elsewhere = append(elsewhere, reference.ClusterPeer{ID: p.ID, Addr: c.FreePort()})
		}
		peers = elsewhere
	}
}
