package reference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/cluster"
)

// ErrForeignCluster is a node whose peers belong to another cluster than itself.
var ErrForeignCluster = errors.New("the peers are of another cluster")

// ErrTwin is a directory of a node that runs already, from another directory: one
// of them is a copy. Two of them would promise, and vote, against each other.
var ErrTwin = errors.New("the node runs already, from another directory")

// twinWait is how long a node looks for another one of its id.
const twinWait = time.Second

// bootstrapWait is how long a node that is to found a cluster looks for one that
// is there already: an emptied founder must not found a second.
const bootstrapWait = 2 * time.Second

// belong makes this node a member of a cluster, or finds that it is one. Only
// the node that has data, or that is told to, founds a cluster; all others wait
// until one admits them. A known node that comes without its log is refused.
func (n *node) belong(ctx context.Context) error {
	n.door.set(cluster.JoinWaiting(n.dir.id.Node))
	n.port.Handle("/hello", &n.door)
	n.port.Handle("/join", &n.door)
	defer n.door.unset() // until raft answers
	switch {
	case n.dir.id.Cluster != "":
		if err := n.alone(ctx); err != nil {
			return err
		}
		has, err := cluster.HasState(ctx, n.stateDir())
		if err != nil || has {
			return err
		}
		return n.join(ctx) // admitted before, but nothing has come: or it was lost
	case n.dir.single: // metadata without a log
		return n.found(ctx)
	case n.c.Cluster.Bootstrap:
		there, err := n.clusterOfPeers(ctx)
		if err != nil {
			return err
		}
		if there {
			return n.join(ctx)
		}
		return n.found(ctx)
	}
	return n.join(ctx)
}

// alone refuses to go on where a member with this node's id answers at one of the
// addresses that may be this node's. The node itself says by now that it is in no
// cluster. A copy that cannot be reached is not found.
func (n *node) alone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, twinWait)
	defer cancel()
	addrs := []string{n.addr()}
	for _, p := range n.c.Cluster.Peers {
		if p.ID == n.dir.id.Node {
			addrs = append(addrs, p.Addr)
		}
	}
	if n.c.Cluster.DNS { // any of them; what cannot be resolved is not asked
		all, _ := n.candidates()(ctx)
		addrs = append(addrs, all...)
	}
	twins := make(chan error, len(addrs))
	for _, a := range addrs {
		go func() {
			h, err := cluster.Hello(ctx, n.port, a)
			if err == nil && h.Node == n.dir.id.Node && h.Cluster == n.dir.id.Cluster {
				twins <- fmt.Errorf("%w: at %s", ErrTwin, a)
				return
			}
			twins <- nil
		}()
	}
	for range addrs {
		if err := <-twins; err != nil {
			return err
		}
	}
	return nil
}

// stateDir is where this node's part in the cluster lies.
func (n *node) stateDir() cluster.Dir {
	return cluster.Dir{Path: filepath.Dir(n.c.MetaPath), FS: n.c.FS, VFS: n.c.VFS}
}

// found makes this node the first of a new cluster, its single voter. It may be
// interrupted anywhere: the id file decides, and is written last.
func (n *node) found(ctx context.Context) error {
	id, err := n.clusterID()
	if err != nil {
		return fmt.Errorf("make cluster id: %w", err)
	}
	if n.dir.single {
		n.c.Logger.Info("this server's data become the first of a cluster", "node", n.dir.id.Node, "cluster", id)
	}
	if err := cluster.FoundCluster(ctx, n.stateDir(), n.dir.id.Node, n.addr()); err != nil {
		return fmt.Errorf("found cluster: %w", err)
	}
	fault.Point("node.founded")
	return n.dir.admit(id)
}

// clusterID is the id of a cluster that this node founds. Bodies that lie in a
// cloud's store belong to the server that brings them along, and go on to belong to
// it: its cluster has the id of its directory.
func (n *node) clusterID() (string, error) {
	if inCloud(n.c.Backend) {
		return n.dir.id.ID, nil
	}
	return randomHex(n.c.Rand)
}

// join waits until the cluster of the peers has admitted this node.
func (n *node) join(ctx context.Context) error {
	if n.dir.id.Cluster == "" { // a founding may have begun here, which counts for nothing
		if err := cluster.Unfound(ctx, n.stateDir()); err != nil {
			return err
		}
	}
	n.c.Logger.Info("waiting to be admitted to a cluster", "node", n.dir.id.Node, "addr", n.addr())
	id, err := cluster.JoinCluster(ctx, n.port, cluster.JoinOptions{Node: n.dir.id.Node, Addr: n.addr(), Bodies: n.bodies(),
		StateVersion: n.c.Cluster.StateVersion, Candidates: n.candidates()})
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if known := n.dir.id.Cluster; known != "" && known != id {
		return fmt.Errorf("join: %w: %s, not %s", ErrForeignCluster, id, known)
	}
	fault.Point("node.admitted")
	return n.dir.admit(id)
}

// candidates are the addresses where a cluster may be.
func (n *node) candidates() func(context.Context) ([]string, error) {
	var addrs []string
	for _, p := range n.c.Cluster.Peers {
		if p.ID != n.dir.id.Node {
			addrs = append(addrs, p.Addr)
		}
	}
	if n.c.Cluster.DNS {
		return cluster.DNS(addrs, nil)
	}
	return cluster.Static(addrs)
}

// clusterOfPeers tells whether a peer already belongs to a cluster. One that
// cannot be reached says nothing.
func (n *node) clusterOfPeers(ctx context.Context) (bool, error) {
	addrs, err := n.candidates()(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, bootstrapWait)
	defer cancel()
	found := make(chan bool, len(addrs))
	for _, a := range addrs {
		go func() {
			h, err := cluster.Hello(ctx, n.port, a)
			found <- err == nil && h.Cluster != ""
		}()
	}
	for range addrs {
		if <-found {
			return true, nil
		}
	}
	return false, nil
}
