package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
)

// A reader is one that waits for a round.
type reader struct{ index uint64 }

// ReadIndex implements Log, at every node: a follower asks the leader. Its error
// is a *RefusedError, ErrBroken or ErrClosed.
func (r *Raft) ReadIndex(ctx context.Context) (uint64, error) {
	ctx, cancel := bound(ctx, r.o.ReadTimeout)
	defer cancel()
	for again := newPause(); ; {
		if err := r.gone(); err != nil {
			return 0, err
		}
		index, err := r.askLeader(ctx)
		if err != nil && etcdPause.On() {
			index, err = r.seen.last(err)
		}
		if err == nil {
			r.seen.got(index)
			return index, nil
		}
		if !again.wait(ctx) {
			return 0, &RefusedError{fmt.Errorf("%w: %w", err, context.Cause(ctx))}
		}
	}
}

func (r *Raft) askLeader(ctx context.Context) (uint64, error) {
	ctx, cancel := bound(ctx, r.o.RoundTimeout)
	defer cancel()
	lead := r.leader()
	if lead.node != r.o.Node && readFollower.On() {
		return r.db.Applied(), nil
	}
	if _, member := r.member(r.o.Node); !member && readRemoved.On() {
		return r.db.Applied(), nil
	}
	switch lead.node {
	case "":
		return 0, ErrNoLeader
	case r.o.Node:
		return r.ServeReadIndex(ctx)
	default:
		return r.o.Peers.ReadIndex(ctx, lead.node)
	}
}

// ServeReadIndex is what another node's ReadIndex asks of this one: an index
// that holds every command acknowledged anywhere before the call. Only who leads
// can answer. Readers share rounds; one that comes during a round is in the next.
func (r *Raft) ServeReadIndex(ctx context.Context) (uint64, error) {
	w := new(reader)
	err := r.rounds.Do(ctx, w)
	return w.index, err
}

func (r *Raft) round(ws []*reader) error {
	ctx, cancel := bound(r.ctx, r.o.RoundTimeout)
	defer cancel()
	index, err := r.quorumIndex(ctx)
	for _, w := range ws {
		w.index = index
	}
	return err
}

// quorumIndex proves that nobody led in a later term when it began. It uses no
// clock and no log, and not raft's VerifyLeader, which counts acknowledgements
// of heartbeats that were sent before it was called.
func (r *Raft) quorumIndex(ctx context.Context) (uint64, error) {
	// 1. This node leads in term, and has applied everything of earlier terms.
	term := r.raft.CurrentTerm()
	if started, _ := r.outcomes.term(); r.raft.State() != raft.Leader || started != term && !rqliteTerm.On() {
		return 0, ErrNotLeader
	}
	// 2. What it has acknowledged is committed up to here.
	index := r.raft.CommitIndex()
	// 3. A leader of a later term was voted for by a majority, and each of these
	// has had that term since: of any other majority one would say so.
	if err := r.majorityIn(ctx, term); err != nil {
		return 0, err
	}
	fault.Point("read.vouched")
	// 4. A node that has stopped leading in a term never does so again.
	if r.raft.State() != raft.Leader || r.raft.CurrentTerm() != term {
		return 0, ErrNotLeader
	}
	return index, nil
}

// Bugs of reads that are answered from a state that may be old.
var (
	readFollower = fault.NewBug("read.follower",
		"a follower answers reads from its own state, without asking the leader", "Z-01", "Z-05").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis partition,pause --shrink 0s")
	readUnchecked = fault.NewBug("read.leader-unchecked",
		"the leader answers reads without asking whether a majority still follows it", "Z-01", "Z-05").
		By("chaos --sim raft --script late-ack --seed 1 --seeds 200 --shrink 0s")
	readVerifyLeader = fault.NewBug("read.verify-leader",
		"the leader asks raft's VerifyLeader, which counts what was sent before the read came, in the place of the terms of a majority", "Z-01", "Z-05").
		By("chaos --sim raft --script late-ack --seed 1 --seeds 200 --shrink 0s")
	readCached = fault.NewBug("read.leader-cached",
		"a leader for which a majority has vouched once asks nobody again in its term, though it may have stood still since", "Z-01", "Z-05").
		By("chaos --sim raft --script late-ack --seed 1 --seeds 200 --shrink 0s")
	readLease = fault.NewBug("read.lease-by-clock",
		"a leader for which a majority has vouched asks nobody for two seconds by its own clock", "Z-01", "Z-05").
		By("chaos --sim raft --script late-ack --seed 1 --seeds 200 --shrink 0s")
	etcdPause = fault.NewBug("history.etcd-20418.stale-after-pause",
		"a read that gets no answer in time, because somebody stands still, goes on with the read index of the one before", "Z-01", "Z-05").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis pause,partition --shrink 0s")
	rqliteTerm = fault.NewBug("history.rqlite-1944.term-unchecked",
		"a leader reads once raft's VerifyLeader has answered, also in a term of which nothing is committed, and does not look at the term", "Z-01", "Z-05").
		By("chaos --sim raft --script late-ack --seed 1 --seeds 200 --shrink 0s")
	readRemoved = fault.NewBug("member.removed-answers",
		"a node that was removed from the cluster answers reads from the state that it has", "Z-01", "Z-05").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis membership --shrink 0s")
)

// majorityIn asks the voters of the latest configuration for their terms, now,
// and returns nil once a majority has said one that is not later than term.
func (r *Raft) majorityIn(ctx context.Context, term uint64) error {
	if readUnchecked.On() {
		return nil
	}
	if readVerifyLeader.On() || rqliteTerm.On() {
		return r.verify(ctx)
	}
	if r.seen.once(term) && readCached.On() {
		return nil
	}
	began := r.o.Now()
	if r.seen.lease(term, began) && readLease.On() {
		return nil
	}
	err := r.majorityOf(ctx, r.voters(""), term)
	r.seen.vouched(term, began, err)
	return err
}

// verify is the question of the bug read.verify-leader.
func (r *Raft) verify(ctx context.Context) error {
	answer := make(chan error, 1)
	go func() { answer <- r.raft.VerifyLeader().Error() }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// majorityOf is majorityIn for a given set of nodes. This one counts if it is in.
func (r *Raft) majorityOf(ctx context.Context, ids []string, term uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	voters, agree := len(ids), 0
	answers := make(chan error, voters)
	for _, id := range ids {
		if id == r.o.Node {
			agree++
			continue
		}
		go func() { answers <- r.notLater(ctx, id, term) }()
	}
	for open := voters - agree; agree <= voters/2; open-- {
		if agree+open <= voters/2 {
			return ErrNoQuorum
		}
		select {
		case err := <-answers:
			if errors.Is(err, ErrNotLeader) {
				return err
			}
			if err == nil {
				agree++
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNoQuorum, context.Cause(ctx))
		}
	}
	return nil
}

// notLater asks one voter, and says ErrNotLeader when it knows a later term.
func (r *Raft) notLater(ctx context.Context, node string, term uint64) error {
	a, err := r.o.Peers.Term(ctx, node)
	switch {
	case err != nil:
		return err
	case a.Cluster != r.o.Cluster || a.Node != node:
		return fmt.Errorf("asked %s of %s, answered %s of %s", node, r.o.Cluster, a.Node, a.Cluster)
	case a.Term > term:
		return ErrNotLeader
	}
	return nil
}

// ServeTerm is what another node asks to know whether it still leads.
func (r *Raft) ServeTerm(context.Context) (TermAnswer, error) {
	if err := r.gone(); err != nil {
		return TermAnswer{}, err
	}
	return TermAnswer{Cluster: r.o.Cluster, Node: r.o.Node, Term: r.raft.CurrentTerm()}, nil
}

// Wait implements Log: the index is that of this node's own state, published
// after its commit. It refuses (ErrBehind) when that takes too long.
func (r *Raft) Wait(ctx context.Context, index uint64) error {
	ctx, cancel := bound(ctx, r.o.ReadTimeout)
	defer cancel()
	err := r.db.WaitApplied(ctx, index)
	if err != nil && r.db.Err() == nil {
		return &RefusedError{fmt.Errorf("%w: %w", ErrBehind, err)}
	}
	return err
}
