package reference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"bleepstore/fault"
)

// Add starts one more node, with an empty directory, that asks to be admitted,
// and returns its number. AwaitVoters tells when it votes.
func (c *Cluster) Add(id string, change ...func(*Config)) int {
	c.t.Helper()
	conf := c.config(ClusterPeer{ID: id, Addr: c.freePort()})
	for _, f := range change {
		f(&conf)
	}
	c.add(conf)
	i := len(c.nodes) - 1
	c.start(i)
	return i
}

// Remove takes a node out of the cluster, by way of another one that runs, as soon
// as one is ready: while the nodes elect, none is. It fails as an operator's
// request does: see Server.Cluster.
func (c *Cluster) Remove(i int) error {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var by *running
	c.await("another node is ready", func() bool {
		j := slices.IndexFunc(c.nodes, func(n *running) bool {
			return n != c.nodes[i] && n.server != nil && n.server.Ready()
		})
		if j >= 0 {
			by = c.nodes[j]
		}
		return by != nil
	})
	return by.server.Cluster().Remove(ctx, c.nodes[i].c.Cluster.Node, false)
}

// Wipe empties the directory, Config.Dir, of a node that was killed.
func (c *Cluster) Wipe(i int) {
	c.t.Helper()
	n := c.nodes[i]
	if n.server != nil || n.c.Dir == "" {
		c.t.Fatalf("node %d runs, or has no directory", i)
	}
	entries, err := n.files().ReadDir(n.c.Dir)
	for _, e := range entries {
		err = errors.Join(err, fault.RemoveAll(n.files(), filepath.Join(n.c.Dir, e.Name())))
	}
	if err != nil {
		c.t.Fatalf("wipe node %d: %v", i, err)
	}
}

// TryRestart is Restart of a node that may be refused. What change has changed
// stays so only if it was not.
func (c *Cluster) TryRestart(i int, change ...func(*Config)) error {
	c.t.Helper()
	n := c.nodes[i]
	if n.server != nil {
		return fmt.Errorf("node %d runs", i)
	}
	before := n.c
	cc := *before.Cluster
	cc.Peers = slices.Clone(cc.Peers)
	n.c.Cluster = &cc
	for _, f := range change {
		f(&n.c)
	}
	c.book(n.c)
	err := c.open(c.nodes[i : i+1])[0]
	if err != nil {
		n.c = before
	}
	return err
}
