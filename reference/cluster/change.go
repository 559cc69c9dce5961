package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
)

// ServeChange is what another node's Join, Remove or Transfer asks of this one,
// which must lead. One change is made at a time. A *RefusedError proves that
// nothing was changed; any other error proves nothing.
func (r *Raft) ServeChange(ctx context.Context, c Change) error {
	ctx, cancel := bound(ctx, r.o.ChangeTimeout)
	defer cancel()
	select {
	case r.changing <- struct{}{}:
	case <-ctx.Done():
		return &RefusedError{fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))}
	case <-r.ctx.Done():
		return &RefusedError{ErrClosed}
	}
	done := make(chan error, 1)
	go func() { // raft's answers come late, but they come while it runs
		err := r.changeAlone(ctx, c)
		<-r.changing
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.ctx.Done():
		return ErrClosed
	}
}

// changeAlone is called with changing held: the configuration that it looks at
// is the one that it changes.
func (r *Raft) changeAlone(ctx context.Context, c Change) error {
	if err := r.gone(); err != nil {
		return &RefusedError{err}
	}
	if r.raft.State() != raft.Leader {
		return &RefusedError{ErrNotLeader}
	}
	fault.Point("members.before-change")
	switch c.Kind {
	case ChangeJoin:
		return r.join(ctx, c)
	case ChangeRemove:
		return r.remove(ctx, c)
	case ChangeTransfer:
		return r.transfer(c.ID)
	case changePromote:
		if m, known := r.member(c.ID); !known || m.Voter || m.Addr != c.Addr {
			return &RefusedError{ErrUnknownMember}
		}
		fault.Point("members.before-promotion")
		return changed(r.raft.AddVoter(raft.ServerID(c.ID), raft.ServerAddress(c.Addr), 0, left(ctx)))
	}
	return &RefusedError{fmt.Errorf("there is no change %q", c.Kind)}
}

func (r *Raft) join(ctx context.Context, c Change) error {
	if c.ID == "" || c.Addr == "" {
		return &RefusedError{errors.New("a member needs an id and an address")}
	}
	if !c.HasData && c.Bodies != r.o.Bodies {
		return &RefusedError{fmt.Errorf("%w: those of this one are %s, those of %s %s", ErrBodies, where(r.o.Bodies), c.ID, where(c.Bodies))}
	}
	for _, m := range r.Members() {
		if m.Addr == c.Addr && m.ID != c.ID {
			return &RefusedError{fmt.Errorf("%w: %s", ErrAddrTaken, m.ID)}
		}
	}
	id, addr := raft.ServerID(c.ID), raft.ServerAddress(c.Addr)
	switch m, known := r.member(c.ID); {
	case c.HasData && !known: // it was removed
		return &RefusedError{ErrUnknownMember}
	case !known && r.follows(&c) != nil:
		return r.follows(&c)
	case known && m.Voter && !c.HasData:
		return &RefusedError{ErrKnown}
	case known && m.Addr == c.Addr: // nothing is committed that would show who leads
		if _, err := r.ServeReadIndex(ctx); err != nil {
			return &RefusedError{err}
		}
		return nil
	case known && m.Voter:
		return changed(r.raft.AddVoter(id, addr, 0, left(ctx)))
	}
	return changed(r.raft.AddNonvoter(id, addr, 0, left(ctx)))
}

// where says where bodies are.
func where(bodies string) string {
	if bodies == "" {
		return "on the nodes"
	}
	return "in the store of the backend " + bodies
}

func (r *Raft) remove(ctx context.Context, c Change) error {
	m, known := r.member(c.ID)
	if !known {
		return &RefusedError{ErrUnknownMember}
	}
	if c.Among != nil && !slices.Equal(c.Among, r.Members()) {
		return &RefusedError{ErrChanged}
	}
	if m.Voter {
		rest := r.voters(c.ID)
		if len(rest) == 0 {
			return &RefusedError{ErrLastVoter}
		}
		ctx, cancel := bound(ctx, r.o.RoundTimeout)
		err := r.majorityOf(ctx, rest, r.raft.CurrentTerm())
		cancel()
		if errors.Is(err, ErrNoQuorum) {
			return &RefusedError{ErrQuorum}
		}
		if err != nil {
			return &RefusedError{err}
		}
	}
	if c.ID == r.o.Node {
		if err := r.transfer(""); err != nil {
			return err
		}
		return &RefusedError{ErrNotLeader} // the new one removes this node
	}
	return changed(r.raft.RemoveServer(raft.ServerID(c.ID), 0, left(ctx)))
}

// transfer hands the leadership to a voter, with "" to the one that holds most. When
// it fails this node goes on to lead, and it may be tried again.
func (r *Raft) transfer(id string) error {
	if id == r.o.Node {
		return nil
	}
	term := r.raft.CurrentTerm()
	if id == "" {
		others := r.voters(r.o.Node)
		if len(others) == 0 {
			return &RefusedError{ErrLastVoter}
		}
		if id = string(r.hands.takeAny(term, others)); id == "" {
			return &RefusedError{fmt.Errorf("%w: hand over the leadership: to none it can be tried again yet", ErrBusy)}
		}
	} else if err := r.voter(id); err != nil {
		return &RefusedError{err}
	} else if !r.hands.take(term, raft.ServerID(id)) {
		return &RefusedError{fmt.Errorf("%w: hand over the leadership: it was tried, and %s has not been sent enough since", ErrBusy, id)}
	}
	m, _ := r.member(id) // raft tells one that has just left
	err := r.raft.LeadershipTransferToServer(raft.ServerID(id), raft.ServerAddress(m.Addr)).Error()
	switch {
	case errors.Is(err, raft.ErrNotLeader):
		return &RefusedError{ErrNotLeader}
	case err != nil:
		return &RefusedError{fmt.Errorf("%w: hand over the leadership: %w", ErrBusy, err)}
	}
	return nil
}

// voter tells whether the leadership can be that node's.
func (r *Raft) voter(id string) error {
	switch m, known := r.member(id); {
	case !known:
		return ErrUnknownMember
	case !m.Voter:
		return ErrNotVoter
	}
	return nil
}

// left is how long ctx still allows; raft takes 0 for ever.
func left(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(end), time.Nanosecond)
}

// changed waits for raft's answer to a change of the configuration.
func changed(f raft.IndexFuture) error {
	err := f.Error()
	fault.Point("members.changed")
	switch {
	case errors.Is(err, raft.ErrNotLeader):
		return &RefusedError{ErrNotLeader}
	case errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return &RefusedError{fmt.Errorf("%w: %w", ErrBusy, err)}
	}
	return err
}
