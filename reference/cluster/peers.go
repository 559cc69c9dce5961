package cluster

import (
	"context"
	"errors"
)

// Peers are the other nodes of the cluster as this one can ask them, by their
// node ids. Its methods run concurrently, end when ctx does, and may be answered
// late or not at all. The other side of each is the method of *Raft of the same
// name with Serve before it.
//
// An error that is a *RefusedError proves that the other node has done nothing
// and will do nothing; no other error proves anything.
type Peers interface {
	// Term asks a node for its current term.
	Term(ctx context.Context, node string) (TermAnswer, error)
	// Propose hands an encoded command to the node that is believed to lead in
	// the command's term, and returns its index once it is applied there.
	Propose(ctx context.Context, node string, command []byte) (uint64, error)
	// ReadIndex asks the node that is believed to lead for an index to read at.
	ReadIndex(ctx context.Context, node string) (uint64, error)
	// Change asks the node that is believed to lead for a change of the members.
	Change(ctx context.Context, node string, c Change) error
	// Status asks a node how it fares; brief leaves out the ids of blobs.
	Status(ctx context.Context, node string, brief bool) (NodeStatus, error)
}

// A TermAnswer is a node's current term, with who says so: an answer of another
// node, or of another cluster at the same address, does not count.
type TermAnswer struct {
	Cluster, Node string
	Term          uint64
}

// A RefusedError says that a command was not appended to the log and never will
// be, or that a read could not be vouched for; the request may be made again.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return "refused: " + e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// Why a node refuses.
var (
	ErrNoLeader  = errors.New("there is no leader")
	ErrNotLeader = errors.New("node does not lead in that term")
	ErrNoQuorum  = errors.New("no majority says who leads")
	ErrBusy      = errors.New("entries wait too long to be appended")
	ErrBehind    = errors.New("node has not caught up")
	ErrVersion   = errors.New("not every member knows that version of the state")
	ErrNotMember = errors.New("node is not a member of the cluster")
)
