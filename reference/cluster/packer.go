package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/batch"
)

// A packed is an encoded command on its way into an entry; index and err are
// read once done is closed. An err that is no *RefusedError proves nothing.
type packed struct {
	command []byte
	done    chan struct{}
	index   uint64
	err     error
}

func (p *packed) Size() int { return len(p.command) }

// append puts a command of term into the log, if this node leads in that term,
// and returns its index once it is applied here. A *RefusedError proves that
// it was not appended; no other error proves anything.
func (r *Raft) append(ctx context.Context, command []byte, term uint64) (uint64, error) {
	if r.Err() != nil {
		return 0, &RefusedError{ErrBroken}
	}
	// Apply sees to it in the end: the term can be over before this is appended.
	if r.raft.State() != raft.Leader || r.raft.CurrentTerm() != term {
		return 0, &RefusedError{ErrNotLeader}
	}
	p := &packed{command: command, done: make(chan struct{})}
	var refused *RefusedError
	switch err := r.packer.Do(ctx, p); {
	case err == nil, errors.As(err, &refused):
		if err != nil {
			return 0, err
		}
	case errors.Is(err, batch.ErrClosed), ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return 0, &RefusedError{err} // it left the queue before it was taken
	default:
		return 0, err
	}
	select {
	case <-p.done:
		return p.index, p.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// flush makes one entry of commands and hands it to raft. It returns when raft
// has it, or soon, for its callers wait however their contexts fare; done tells
// the rest.
func (r *Raft) flush(ps []*packed) error {
	wait := time.NewTimer(r.o.RoundTimeout)
	defer wait.Stop()
	select {
	case r.slots <- struct{}{}:
	case <-wait.C:
		return &RefusedError{ErrBusy}
	case <-r.ctx.Done():
		return &RefusedError{ErrClosed}
	}
	entry := append([]*packed(nil), ps...) // ps is the packer's
	commands := make([][]byte, len(entry))
	for i, p := range entry {
		commands[i] = p.command
	}
	fault.Point("log.before-append")
	data := pack(r.o.Now().UnixMilli(), commands)
	if r.unwritten() {
		r.ack([]*raft.Log{{Index: r.raft.LastIndex() + 1, Type: raft.LogCommand, Data: data}})
	}
	future := r.raft.ApplyLog(raft.Log{Data: data}, r.o.RoundTimeout)
	go func() { // it ends when raft answers, which it does until it is shut down
		err := committed(future)
		fault.Point("log.committed")
		<-r.slots
		for _, p := range entry {
			p.index, p.err = future.Index(), err
			close(p.done)
		}
	}()
	return nil
}

// committed waits for raft's answer. The errors that raft gives before it writes
// anything become a *RefusedError.
func committed(f raft.ApplyFuture) error {
	err := f.Error()
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return &RefusedError{err}
	case err != nil:
		return err
	}
	if err, ok := f.Response().(error); ok {
		return err
	}
	return nil
}
