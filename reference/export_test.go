package reference

import (
	"context"
	"strings"
	"time"
)

// ClusterSecret is what nodes of a Cluster share.
const ClusterSecret = clusterSecret

// PrepareCluster is StartCluster before any node runs. Open starts one.
var PrepareCluster = newCluster

// Open starts a node, as long as ctx lasts. Several may be opened together.
func (c *Cluster) Open(ctx context.Context, i int) error {
	n := c.nodes[i]
	err := n.open(ctx)
	if err == nil {
		n.c.Addr = strings.TrimPrefix(n.server.URL(), "http://") // for when it comes back
	}
	return err
}

// Peers are the nodes that are asked for admission.
func (c *Cluster) Peers() []ClusterPeer { return c.peers }

// Dir is the directory of a node.
func (c *Cluster) Dir(i int) string { return c.nodes[i].c.Dir }

// FreePort is an address that nobody listens at.
func (c *Cluster) FreePort() string { return c.freePort() }

// Await polls a condition.
func (c *Cluster) Await(what string, ok func() bool) { c.await(what, ok) }

// Slow delays what goes between a node and all others, until Heal.
func (c *Cluster) Slow(i int, d time.Duration) {
	a := c.nodes[i].c.Cluster.Node
	for _, n := range c.nodes {
		if b := n.c.Cluster.Node; b != a {
			c.net.Slow(a, b, d)
			c.net.Slow(b, a, d)
		}
	}
}

// Kick has a node look for what it lacks now, not in a minute.
func (c *Cluster) Kick(i int) { c.nodes[i].server.stores.node.blobs.Kick() }

// Reset breaks the connections of a node, with what is on its way in them.
func (c *Cluster) Reset(i int) { c.net.Kill(c.nodes[i].c.Cluster.Node) }

// TermOf is the current term of a node.
func TermOf(s *Server) uint64 { return s.stores.node.raft.Load().Term() }

// VotersOf is how many voters a node counts.
func VotersOf(s *Server) (n int) {
	for _, m := range s.stores.node.raft.Load().Members() {
		if m.Voter {
			n++
		}
	}
	return n
}
