package reference

import (
	"context"
	"errors"
	"fmt"

	"bleepstore/reference/admin"
	"bleepstore/reference/cluster"
)

// Cluster returns the cluster that the server is a node of, nil when it stands
// alone.
func (s *Server) Cluster() admin.Cluster {
	if s.stores.node == nil {
		return nil
	}
	return membership{s.stores.node}
}

// A membership is an operator's view of the cluster from one of its nodes.
type membership struct{ n *node }

func (m membership) Survey(ctx context.Context) []cluster.NodeStatus {
	return m.n.raft.Load().Survey(ctx)
}

func (m membership) Add(ctx context.Context, id, addr string) error {
	return m.n.raft.Load().Join(ctx, id, addr)
}

// recounts bounds how often the copies are counted because the members have
// changed meanwhile.
const recounts = 3

// Remove refuses, unless it is forced, to let the last copy of a blob go with
// the node.
func (m membership) Remove(ctx context.Context, id string, force bool) error {
	r := m.n.raft.Load()
	if force || m.n.blobs == nil { // where nodes keep no copies, none goes with it
		return r.Remove(ctx, id)
	}
	for try := 1; ; try++ {
		members := r.Members() // whose copies are counted
		unsafe, err := m.n.blobs.SafeWithout(ctx, id)
		if err != nil {
			return fmt.Errorf("ask who holds what node %s holds: %w", id, err)
		}
		if len(unsafe) > 0 {
			return fmt.Errorf("%w: at least %d, %s among them", admin.ErrLastCopy, len(unsafe), unsafe[0])
		}
		if err = r.RemoveAmong(ctx, id, members); try == recounts || !errors.Is(err, cluster.ErrChanged) {
			return err
		}
	}
}

func (m membership) Transfer(ctx context.Context, id string) error {
	return m.n.raft.Load().Transfer(ctx, id)
}

func (m membership) Raft() admin.Raft { return m.n.raft.Load() }
