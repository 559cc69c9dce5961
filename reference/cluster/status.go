package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// A NodeStatus is how a node fares, as it says itself; Addr and Voter are of the
// configuration that it knows.
type NodeStatus struct {
	Cluster string `json:"cluster"`
	ID      string `json:"id"`
	Addr    string `json:"addr"`
	Voter   bool   `json:"voter"`
	Role    string `json:"role,omitempty"`   // leader, follower, candidate or shutdown
	Leader  string `json:"leader,omitempty"` // whom it follows; "": nobody
	Err     string `json:"error,omitempty"`  // why it could not be asked, or what broke it

	Term         uint64 `json:"term"`
	Commit       uint64 `json:"commit"`
	Applied      uint64 `json:"applied"`
	LastLog      uint64 `json:"lastLog"`
	LastSnapshot uint64 `json:"lastSnapshot"`
	// LastContactMS is how long ago, in milliseconds, it heard its leader: 0 for
	// the leader, -1 for never.
	LastContactMS int64 `json:"lastContactMs"`

	// StateVersion is the newest version of the state that it can apply; 0: an
	// older program's, which does not say.
	StateVersion int `json:"stateVersion"`

	Blobs BlobStatus `json:"blobs"`
}

// A BlobStatus says what a node holds of the blobs that it should hold: Lost are
// those of its Missing that no node has.
type BlobStatus struct {
	Held       int      `json:"held"`
	Missing    int      `json:"missing"`
	Lost       int      `json:"lost"`
	Complete   bool     `json:"complete"`
	Shared     bool     `json:"shared,omitempty"`     // nodes hold none: they lie in one store, which all of them reach
	MissingIDs []string `json:"missingIds,omitempty"` // at most 10,000
}

// ServeStatus is what another node asks to know how this one fares; brief leaves
// out the ids of blobs. It asks nobody.
func (r *Raft) ServeStatus(brief bool) NodeStatus {
	me, _ := r.member(r.o.Node)
	lead := r.leader()
	s := NodeStatus{
		Cluster: r.o.Cluster, ID: r.o.Node, Addr: me.Addr, Voter: me.Voter,
		Role: strings.ToLower(r.raft.State().String()), Leader: lead.node, Term: lead.term,
		Commit: r.raft.CommitIndex(), Applied: r.db.Applied(), LastLog: r.raft.LastIndex(),
		LastContactMS: -1, StateVersion: r.o.StateVersion, Blobs: BlobStatus{Complete: true},
	}
	if n := r.snapshots.newest(); n != nil {
		s.LastSnapshot = n.Meta.Index
	}
	if at := r.raft.LastContact(); s.Role == "leader" {
		s.LastContactMS = 0
	} else if !at.IsZero() {
		s.LastContactMS = max(0, time.Since(at).Milliseconds())
	}
	if err := r.gone(); err != nil {
		s.Err = errors.Join(err, r.Err()).Error()
	}
	if r.o.Blobs != nil {
		s.Blobs = r.o.Blobs()
	}
	if brief {
		s.Blobs.MissingIDs = nil
	}
	return s
}

// Survey asks every member how it fares, all at the same time. Of one that does
// not answer within RoundTimeout, or as somebody else, Err says so, and only ID,
// Addr and Voter are known.
func (r *Raft) Survey(ctx context.Context) []NodeStatus {
	ctx, cancel := bound(ctx, r.o.RoundTimeout)
	defer cancel()
	members := r.Members()
	answers := make([]NodeStatus, len(members))
	var wg sync.WaitGroup
	for i, m := range members {
		wg.Go(func() {
			if m.ID == r.o.Node {
				answers[i] = r.ServeStatus(false)
				return
			}
			s, err := r.o.Peers.Status(ctx, m.ID, false)
			if err == nil && (s.Cluster != r.o.Cluster || s.ID != m.ID) {
				err = errors.New("answered as " + s.ID + " of " + s.Cluster)
			}
			if err != nil {
				s = NodeStatus{Cluster: r.o.Cluster, Err: err.Error(), LastContactMS: -1}
			}
			s.ID, s.Addr, s.Voter = m.ID, m.Addr, m.Voter
			answers[i] = s
		})
	}
	wg.Wait()
	return answers
}

// Keep tells whether this node leads in that term, has the other node in its
// configuration, and is not ending: whether it is worth while to go on trying to
// reach it. It is false from the beginning of Close on.
func (r *Raft) Keep(node string, term uint64) bool {
	if r.gone() != nil || r.raft.State() != raft.Leader || r.raft.CurrentTerm() != term {
		return false
	}
	_, member := r.member(node)
	return member
}

// Leads tells whether this node leads and has applied everything before its term.
func (r *Raft) Leads() bool {
	started, _ := r.outcomes.term()
	return r.gone() == nil && r.raft.State() == raft.Leader && started == r.raft.CurrentTerm()
}

// Ready tells whether this node can serve, as far as it knows without asking: it
// is a member, there is a leader, everything before the leader's term is applied,
// and what was committed at the last call.
func (r *Raft) Ready() bool {
	if r.gone() != nil {
		return false
	}
	_, member := r.member(r.o.Node)
	lead := r.leader()
	started, _ := r.outcomes.term()
	commit := r.raft.CommitIndex()
	before := r.looked.Swap(commit + 1)
	if before == 0 { // the first call
		before = commit + 1
	}
	return member && lead.node != "" && started == lead.term && r.db.Applied()+1 >= before
}

// Snapshot has a snapshot made now, which lets raft cut the log. That there is
// nothing new since the last one is no error; ErrBehind is that the node has first to
// apply a change of its members, which it is about to.
func (r *Raft) Snapshot(ctx context.Context) error {
	if err := r.gone(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- r.raft.Snapshot().Error() }()
	select {
	case err := <-done:
		return snapshotError(err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// snapshotError is what an error of raft's means for who asked for a snapshot. For
// what passes raft has no error of its own, but words.
func snapshotError(err error) error {
	switch {
	case err == nil, errors.Is(err, raft.ErrNothingNewToSnapshot):
		return nil
	case errors.Is(err, raft.ErrRaftShutdown):
		return ErrClosed
	case strings.HasPrefix(err.Error(), "cannot take snapshot now"):
		return fmt.Errorf("%w: %w", ErrBehind, err)
	}
	return err
}

// Hash returns a digest of this node's state, and the log index up to which it is
// applied: nodes at the same index have the same. It reads everything.
func (r *Raft) Hash(ctx context.Context) (digest string, applied uint64, err error) {
	if err := r.gone(); err != nil {
		return "", 0, err
	}
	return r.db.HashAt(ctx)
}
