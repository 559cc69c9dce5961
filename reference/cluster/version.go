package cluster

import (
	"context"
	"fmt"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// Nodes of two versions of this program run side by side while a cluster is
// upgraded, one node after the other. What only the newer ones can apply must not
// be in the log before all members are such: until then it is refused with
// ErrVersion, and the rest goes on. Each leader asks the members what they can
// apply, and raises the state to that as soon as it may.

// fits refuses a version of the state that this node cannot apply: it would end
// those that cannot.
func (r *Raft) fits(cmd *meta.Command) error {
	version := 0
	switch op := cmd.Op.(type) {
	case meta.SetVersion:
		version = op.Version
	case *meta.SetVersion:
		version = op.Version
	}
	if version > r.o.StateVersion {
		return &RefusedError{fmt.Errorf("%w: %d, they know %d", ErrVersion, version, r.o.StateVersion)}
	}
	return nil
}

// allow refuses, at the node that leads in term, what needs another version of the
// state than there is. A command that is allowed comes behind the SetVersion, which
// has been applied. In the beginning of a term it waits until the members were
// asked for the first time.
func (r *Raft) allow(ctx context.Context, cmd *meta.Command, term uint64) error {
	needs := cmd.Needs()
	for again := newPause(); ; {
		asked := r.asked.Load()
		switch {
		case needs <= max(r.db.Version(), meta.OldestVersion):
			return nil
		case r.raft.State() != raft.Leader || r.raft.CurrentTerm() != term:
			return &RefusedError{ErrNotLeader}
		case asked >= term:
			return &RefusedError{fmt.Errorf("%w: %d, the state is of %d", ErrVersion, needs, r.db.Version())}
		}
		if err := r.gone(); err != nil {
			return &RefusedError{err}
		}
		if !again.wait(ctx) {
			return &RefusedError{context.Cause(ctx)}
		}
	}
}

// raise brings the state to what all members can apply, again and again until that
// is all that this node knows, or until it does not lead in term any more.
func (r *Raft) raise(term uint64) {
	for again := newSlowPause(); r.gone() == nil && r.raft.State() == raft.Leader && r.raft.CurrentTerm() == term; {
		if r.db.Version() < r.o.StateVersion {
			r.raiseOnce(term)
		}
		r.asked.Store(term)
		if r.db.Version() >= r.o.StateVersion || !again.wait(r.ctx) {
			return
		}
	}
}

// raiseOnce asks all members and proposes what they know in common. No member is
// added meanwhile.
func (r *Raft) raiseOnce(term uint64) {
	ctx, cancel := bound(r.ctx, r.o.ProposeTimeout)
	defer cancel()
	select {
	case r.changing <- struct{}{}:
		defer func() { <-r.changing }()
	case <-ctx.Done():
		return
	}
	if version := r.common(ctx); version > r.db.Version() {
		_ = r.command(ctx, meta.SetVersion{Version: version}, term) // or the next time
	}
}

// common is the newest version that every member can apply; 0 while one of them
// does not say.
func (r *Raft) common(ctx context.Context) int {
	ctx, cancel := bound(ctx, r.o.RoundTimeout)
	defer cancel()
	members := r.Members()
	versions := make(chan int, len(members))
	for _, m := range members {
		go func() { versions <- r.known(ctx, m.ID) }()
	}
	least := r.o.StateVersion
	for range members {
		least = min(least, <-versions)
	}
	return least
}

// known is what a member can apply, 0 where it does not say.
func (r *Raft) known(ctx context.Context, id string) int {
	if id == r.o.Node {
		return r.o.StateVersion
	}
	s, err := r.o.Peers.Status(ctx, id, true)
	if err != nil || s.Cluster != r.o.Cluster || s.ID != id {
		return 0
	}
	return max(s.StateVersion, meta.OldestVersion)
}

// follows refuses a node that could not apply what there is.
func (r *Raft) follows(c *Change) error {
	if knows := max(c.StateVersion, meta.OldestVersion); knows < r.db.Version() {
		return &RefusedError{fmt.Errorf("%w: the state is of %d, node %s knows %d", ErrVersion, r.db.Version(), c.ID, knows)}
	}
	return nil
}
