package reference_test

import (
	"net"
	"slices"
	"testing"

	"bleepstore/reference"
)

// settled waits until every voter holds all that it should, which is every blob
// in a cluster of up to five, and nothing is on its way.
func settled(t *testing.T, c *reference.Cluster, nodes ...int) {
	t.Helper()
	await(t, "every node holds every blob", func() bool {
		for _, n := range nodes {
			c.Kick(n)
		}
		all := c.Node(nodes[0]).Server.Cluster().Survey(t.Context())
		for _, s := range all {
			if s.Err != "" || !s.Voter || !s.Blobs.Complete || s.Blobs.Missing > 0 || s.Blobs.Held != all[0].Blobs.Held {
				return false
			}
		}
		return len(all) == len(nodes)
	})
}

// A cluster grows from one node to five and shrinks to three while clients write
// by all its nodes. With the number of voters that of the copies changes.
func TestGrowAndShrink(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 1, smallLog)
	f := startTraffic(t, c, 0)
	f.await(50)
	nodes := []int{0}
	for _, id := range []string{"n2", "n3", "n4", "n5"} {
		node := c.Add(id, func(conf *reference.Config) { smallLog(len(nodes), conf) })
		nodes = append(nodes, node)
		c.AwaitVoters(len(nodes))
		f.use(c, node)
		f.await(20)
	}
	f.end()
	c.AwaitEqual()
	settled(t, c, nodes...)
	f.verify(c, nodes...)
	f.resume()
	for range 2 { // who leads is removed each time
		out := c.Leader()
		f.leave(out)
		if err := c.Remove(out); err != nil {
			t.Fatal(err)
		}
		nodes = slices.DeleteFunc(nodes, func(n int) bool { return n == out })
		c.Kill(out)
		c.AwaitVoters(len(nodes))
		f.await(20)
	}
	f.end()
	c.AwaitEqual()
	settled(t, c, nodes...)
	f.verify(c, nodes...)
}

// Nodes that know of each other only by names find each other, when the names
// have addresses.
func TestDiscoveryByNames(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, func(_ int, conf *reference.Config) {
		conf.Cluster.DNS = true
		for i, p := range conf.Cluster.Peers {
			_, port, err := net.SplitHostPort(p.Addr)
			if err != nil {
				t.Fatal(err)
			}
			conf.Cluster.Peers[i] = reference.ClusterPeer{Addr: net.JoinHostPort("localhost", port)}
		}
	})
	createBucket(t, client(c, 2))
	put(t, client(c, 1), "key", []byte("body"))
	dead := c.Leader()
	c.Kill(dead)
	c.Leader()
	c.Restart(dead)
	wantBody(t, client(c, dead), "key", []byte("body"))
	c.AwaitEqual()
}
