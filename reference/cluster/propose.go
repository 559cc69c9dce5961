package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/meta"
)

// A leadership is who leads, as this node believes.
type leadership struct {
	node string // "": nobody
	term uint64
}

func (r *Raft) leader() leadership {
	term := r.raft.CurrentTerm()
	_, id := r.raft.LeaderWithID()
	return leadership{node: string(id), term: term}
}

// Propose implements Log. Besides Local's it has the error *RefusedError: the
// command was not appended, and never will be.
//
// What became of a command this node learns from its own state machine, by the
// command's id. While nobody has said that it was appended or refused, two
// things end the doubt: it is applied here, or a TermStart of a later term is,
// and then it never happened and is proposed again.
func (r *Raft) Propose(ctx context.Context, cmd meta.Command) (meta.Result, error) {
	if err := r.admit(&cmd); err != nil {
		return meta.Result{}, err
	}
	ctx, cancel := bound(ctx, r.o.ProposeTimeout)
	defer cancel()
	call, err := r.outcomes.begin(cmd.ID)
	if err != nil {
		return meta.Result{}, err
	}
	defer r.outcomes.end(cmd.ID)
	refusal := &RefusedError{ErrNoLeader}
	for again := newPause(); ; {
		if lead := r.leader(); lead.node != "" {
			cmd.Term = lead.term
			if meta.WallClock.On() {
				cmd.Stamp = r.o.Now().UnixMilli()
			}
			b, err := meta.Encode(cmd)
			if err != nil {
				return meta.Result{}, err
			}
			sending, done := ctx, context.CancelFunc(func() {})
			if lead.node != r.o.Node && forwardRetried.On() {
				sending, done = bound(ctx, retryAfter)
			}
			err = r.send(sending, lead, &cmd, b, call)
			done()
			if err != nil && lead.node != r.o.Node && !errors.As(err, &refusal) && forwardRetried.On() {
				err = &RefusedError{err}
			}
			if errors.Is(err, ErrVersion) {
				return meta.Result{}, err
			}
			if !errors.As(err, &refusal) {
				result, happened, err := r.settle(ctx, call, cmd.Term, err)
				if happened || err != nil {
					return result, err
				}
				refusal = &RefusedError{ErrNotLeader}
			}
		}
		if err := r.gone(); err != nil {
			return meta.Result{}, err
		}
		if !again.wait(ctx) {
			return meta.Result{}, &RefusedError{fmt.Errorf("%w: %w", refusal.Err, context.Cause(ctx))}
		}
	}
}

// admit refuses what cannot be proposed, and gives the command its id.
func (r *Raft) admit(cmd *meta.Command) error {
	if err := r.gone(); err != nil {
		return err
	}
	if cmd.Size() > maxCommand {
		return ErrTooLarge
	}
	if err := r.fits(cmd); err != nil {
		return err
	}
	if cmd.ID == "" {
		id, err := newID(r.o.Rand)
		if err != nil {
			return fmt.Errorf("make command id: %w", err)
		}
		cmd.ID = id
	}
	return nil
}

// gone tells whether this node has ended.
func (r *Raft) gone() error {
	switch {
	case r.Err() != nil:
		return ErrBroken
	case r.ctx.Err() != nil:
		return ErrClosed
	}
	return nil
}

// send brings a command to who leads. It returns early when its outcome is known
// here.
func (r *Raft) send(ctx context.Context, lead leadership, cmd *meta.Command, command []byte, c *call) error {
	ask := func(ctx context.Context) (uint64, error) { return r.o.Peers.Propose(ctx, lead.node, command) }
	if lead.node == r.o.Node {
		if err := r.allow(ctx, cmd, lead.term); err != nil {
			return err
		}
		ask = func(ctx context.Context) (uint64, error) { return r.append(ctx, command, lead.term) }
		if !early() {
			_, err := ask(ctx)
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		_, err := ask(ctx)
		answer <- err
	}()
	for {
		started, moved := r.outcomes.term()
		if started > lead.term {
			return ErrNotLeader
		}
		select {
		case err := <-answer:
			return err
		case <-c.done:
			return nil
		case <-moved:
		}
	}
}

// settle waits until it is known what became of a command that was sent for
// term. why is what made it unclear, nil when it was said to be applied.
func (r *Raft) settle(ctx context.Context, c *call, term uint64, why error) (_ meta.Result, happened bool, _ error) {
	for {
		started, moved := r.outcomes.term()
		select { // after term: what it rules out, c would know by now
		case <-c.done:
			if c.err != nil {
				return meta.Result{}, false, &UnknownOutcomeError{c.err}
			}
			return c.result, true, nil
		default:
		}
		if started > term {
			return meta.Result{}, false, nil
		}
		end := why
		select {
		case <-c.done:
			continue
		case <-moved:
			continue
		case <-ctx.Done():
			end = errors.Join(why, context.Cause(ctx))
		case <-r.broken:
			end = errors.Join(why, ErrBroken)
		case <-r.ctx.Done():
			end = errors.Join(why, ErrClosed)
		}
		select {
		case <-c.done: // at the last moment
			continue
		default:
			return meta.Result{}, false, &UnknownOutcomeError{end}
		}
	}
}

var forwardRetried = fault.NewBug("forward.retried-unclear",
	"a follower brings a command to the leader again when it got no answer in time, though the first may have been taken", "Z-01", "Z-02").
	By("chaos --sim raft --seed 1 --seeds 30 --nemesis net.latency,net.jitter --shrink 0s")

// retryAfter is how long the bug forward.retried-unclear waits for an answer.
const retryAfter = 50 * time.Millisecond

// ServePropose is what another node's Propose asks of this one.
func (r *Raft) ServePropose(ctx context.Context, command []byte) (uint64, error) {
	// Nothing goes into the log that the state machines could not read.
	cmd, err := meta.Decode(command)
	if err == nil && (cmd.Op == nil || cmd.Term == 0 || cmd.ID == "" || len(command) > 2*maxCommand) {
		err = errors.New("command is not complete, or too large")
	}
	if err == nil {
		err = r.fits(&cmd)
	}
	if err != nil {
		return 0, &RefusedError{err}
	}
	ctx, cancel := bound(ctx, r.o.ProposeTimeout)
	defer cancel()
	if err := r.allow(ctx, &cmd, cmd.Term); err != nil {
		return 0, err
	}
	return r.append(ctx, command, cmd.Term)
}

// lead starts each term in which this node leads.
func (r *Raft) lead(election time.Duration) {
	for {
		select {
		case leads := <-r.raft.LeaderCh():
			if leads {
				r.startTerm(election)
			}
		case <-r.ctx.Done():
			return
		case <-r.broken:
			return
		}
	}
}

// startTerm proposes TermStart until it is applied, and steps down when that
// takes longer than two elections would: a leader that cannot commit cannot
// serve reads either. Then it brings the state to its version, and of a cluster
// that has nobody else before: nothing is served of an older one there.
func (r *Raft) startTerm(election time.Duration) {
	again := newPause()
	for try := 1; r.raft.State() == raft.Leader && r.gone() == nil; try++ {
		if try > 1 && !again.wait(r.ctx) {
			return
		}
		term := r.raft.CurrentTerm()
		if len(r.Members()) == 1 && r.db.Version() < r.o.StateVersion {
			r.raiseOnce(term)
		}
		ctx, cancel := bound(r.ctx, election)
		err := r.command(ctx, meta.TermStart{Node: r.o.Node}, term)
		cancel()
		if started, _ := r.outcomes.term(); err == nil && started >= term {
			r.wg.Go(func() { r.raise(term) })
			return
		}
		if try%2 == 0 && r.raft.CurrentTerm() == term {
			r.stepDown()
		}
	}
}

// stepDown hands the leadership to another node; if there is none to take it, or
// it cannot, startTerm goes on.
func (r *Raft) stepDown() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.transfer("") // the state says it
	}()
	select {
	case <-done:
	case <-r.ctx.Done(): // raft does not answer any more
	case <-r.broken:
	}
}

// command appends a command of the leader's own.
func (r *Raft) command(ctx context.Context, op meta.Op, term uint64) error {
	id, err := newID(r.o.Rand)
	if err != nil {
		return err
	}
	b, err := meta.Encode(meta.Command{ID: id, Term: term, Op: op})
	if err != nil {
		return err
	}
	_, err = r.append(ctx, b, term)
	return err
}

// A pause is the time between two attempts; it doubles up to most.
type pause struct{ next, most time.Duration }

func newPause() *pause { return &pause{2 * time.Millisecond, 100 * time.Millisecond} }

func newSlowPause() *pause { return &pause{10 * time.Millisecond, time.Second} }

// wait returns false when ctx ends first.
func (p *pause) wait(ctx context.Context) bool {
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	p.next = min(2*p.next, p.most)
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
