// Package cluster carries commands to the state machine: Local for one node,
// grouped straight into SQLite, and Raft for several, agreed upon by hashicorp's
// raft. It knows nothing of S3, and of HTTP only what nodes ask each other; who
// carries that, and proves who asks, is told to it.
package cluster

import (
	"context"
	"errors"

	"bleepstore/reference/meta"
)

// A Log orders the commands of the store. Its methods run concurrently.
type Log interface {
	// Propose appends cmd and returns what applying it did, once that is
	// durable. A business failure is in Result.Err. The error, when not nil,
	// means that the command was not taken (ErrBroken, ErrClosed, ErrTooLarge,
	// *RefusedError, or ctx ended before it was) or that its fate is unclear:
	// *UnknownOutcomeError, and only that.
	Propose(ctx context.Context, cmd meta.Command) (meta.Result, error)
	// ReadIndex returns an index such that a read of a state that has applied
	// it sees every command acknowledged before the call, by any node. It fails
	// rather than be wrong.
	ReadIndex(ctx context.Context) (uint64, error)
	// Wait returns once this node's state has applied index.
	Wait(ctx context.Context, index uint64) error
}

// Failures of a log; nothing was changed.
var (
	ErrClosed   = errors.New("log is closed")
	ErrBroken   = errors.New("log is broken: a write to its disk failed")
	ErrTooLarge = errors.New("command is too large")
)

// An UnknownOutcomeError says that a command may or may not have taken effect,
// now or later: nobody may retry it as if it had not.
type UnknownOutcomeError struct{ Err error }

func (e *UnknownOutcomeError) Error() string { return "outcome unknown: " + e.Err.Error() }

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }
