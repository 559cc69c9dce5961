package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// A leader that is cut off acknowledges nothing and reads nothing; the others go
// on; afterwards what was acknowledged is there, and what was refused is not.
func TestIsolatedLeader(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) {
		o.ProposeTimeout, o.ReadTimeout = 4*time.Second, 2*time.Second
	}, "a", "b", "c")
	f.bucket()
	old := f.leader()
	f.net.isolate(old.o.Node, true)

	var mu sync.Mutex
	refused := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			key := fmt.Sprint("lost", i)
			_, err := old.Propose(context.Background(), meta.Command{Op: put(key, "v", meta.WriteCondition{})})
			var unknown *UnknownOutcomeError
			var no *RefusedError
			switch {
			case errors.As(err, &unknown):
			case errors.As(err, &no):
				mu.Lock()
				defer mu.Unlock()
				refused[key] = true
			default:
				t.Errorf("%s: %v", key, err)
			}
		})
	}
	wg.Go(func() {
		var no *RefusedError
		if got, err := get(context.Background(), old, "k"); !errors.As(err, &no) {
			t.Errorf("a read of a minority got %q, %v", got, err)
		}
	})
	l := f.leader(old.o.Node)
	f.do(l, put("k", "v", meta.WriteCondition{}))
	wg.Wait()
	f.net.heal()
	f.want("k", "v")
	f.equal()
	for key := range refused {
		f.want(key, "")
	}
}

// A follower that is cut off refuses too, and so does Wait for what it cannot
// have.
func TestIsolatedFollower(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) {
		o.ProposeTimeout, o.ReadTimeout, o.RoundTimeout = time.Second, time.Second, 300*time.Millisecond
	}, "a", "b", "c")
	f.bucket()
	r, l := f.follower(), f.leader()
	f.net.isolate(r.o.Node, true)
	res := f.do(l, put("k", "v", meta.WriteCondition{}))
	var refused *RefusedError
	if err := r.Wait(context.Background(), res.Index); !errors.As(err, &refused) || !errors.Is(err, ErrBehind) {
		t.Errorf("waiting: %v", err)
	}
	if _, err := r.ReadIndex(context.Background()); !errors.As(err, &refused) {
		t.Errorf("reading: %v", err)
	}
	var unknown *UnknownOutcomeError
	if _, err := r.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); !errors.As(err, &refused) && !errors.As(err, &unknown) {
		t.Errorf("writing: %v", err)
	}
	f.net.heal()
	f.want("k", "v")
	f.equal()
}

// A reader that comes during a round is not answered by it: what was acknowledged
// since the round began would be missing.
func TestReaderJoinsTheNextRound(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) { o.RoundTimeout = time.Minute }, "a", "b", "c")
	f.bucket()
	l := f.leader()
	f.net.change(func() {
		for _, id := range f.ids {
			f.net.cut[edge{ofOurs, id, l.o.Node}] = true // the answers wait
		}
	})
	type answer struct {
		index uint64
		err   error
	}
	answers := []chan answer{make(chan answer, 1), make(chan answer, 1)}
	read := func(c chan answer) {
		index, err := l.ServeReadIndex(context.Background())
		c <- answer{index, err}
	}
	go read(answers[0])
	eventually(t, "a round has begun", func() bool { return f.net.waiting.Load() > 0 })
	res := f.do(l, put("k", "v", meta.WriteCondition{}))
	go read(answers[1])
	eventually(t, "the second waits for a round", func() bool { return l.rounds.Waiting() == 1 })
	f.net.heal()
	if a := <-answers[0]; a.err != nil || a.index >= res.Index {
		t.Errorf("the first got %d, %v; the write is at %d", a.index, a.err, res.Index)
	}
	if a := <-answers[1]; a.err != nil || a.index < res.Index {
		t.Errorf("the second got %d, %v; the write is at %d", a.index, a.err, res.Index)
	}
}

// A leader whose heartbeats pass and whose entries do not commits nothing, and
// is not known by its lease to be of no use. Nobody is answered while it leads,
// and nobody waits for ever.
func TestBarrenLeader(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, c *raft.Config) {
		// Its heartbeats keep the others followers on a busy machine too.
		c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 1500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
		o.ProposeTimeout, o.ReadTimeout, o.RoundTimeout = time.Second, 500*time.Millisecond, 200*time.Millisecond
	}, "a", "b", "c")
	f.bucket()
	a, b := f.lead("a"), f.nodes["b"]
	f.do(a, put("k", "1", meta.WriteCondition{}))
	f.equal()
	f.net.change(func() {
		f.net.barren = func(from string, _ *raft.AppendEntriesRequest) bool { return from == "b" }
	})
	if err := a.Transfer(context.Background(), "b"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b leads", func() bool { return b.raft.State() == raft.Leader })
	var wg sync.WaitGroup
	for id, r := range f.nodes {
		wg.Go(func() {
			var refused *RefusedError
			if got, err := get(context.Background(), r, "k"); !errors.As(err, &refused) {
				t.Errorf("a read at %s: %q, %v", id, got, err)
			}
			var unknown *UnknownOutcomeError
			_, err := r.Propose(context.Background(), meta.Command{Op: put("k", id, meta.WriteCondition{})})
			if !errors.As(err, &refused) && !errors.As(err, &unknown) {
				t.Errorf("a write at %s: %v", id, err)
			}
			if r.Ready() || r.Leads() {
				t.Errorf("%s is ready, or leads", id)
			}
		})
	}
	wg.Wait()
	if b.raft.State() != raft.Leader || f.nodes["c"].raft.CurrentTerm() != b.raft.CurrentTerm() {
		t.Error("b has lost the leadership: the schedule shows nothing")
	}
	f.net.change(func() { f.net.barren = func(string, *raft.AppendEntriesRequest) bool { return false } })
	eventually(t, "a write", func() bool {
		res, err := f.nodes["c"].Propose(context.Background(), meta.Command{Op: put("k", "2", meta.WriteCondition{})})
		return err == nil && res.Err == nil
	})
	eventually(t, "reads", func() bool {
		got, err := get(context.Background(), f.nodes["a"], "k")
		return err == nil && got == "2"
	})
	f.equal()
}

// A read check by raft's VerifyLeader lets a stale read through: the answer to
// a heartbeat that was sent before the write counts when it arrives after it.
// Ours asks anew, and refuses, whether the others can be asked or not.
func TestVerifyLeaderIsStale(t *testing.T) {
	t.Parallel()
	for name, reachable := range map[string]bool{"the others answer": true, "the others cannot be asked": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, func(id string, o *RaftOptions, c *raft.Config) {
				o.RoundTimeout = 500 * time.Millisecond
				if id == "a" { // slow to notice: a pause of the process, or of its clock
					c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 30*time.Second, 30*time.Second, 30*time.Second
				}
			}, "a", "b", "c")
			f.bucket()
			a := f.lead("a")
			f.do(a, put("x", "1", meta.WriteCondition{}))
			f.want("x", "1")

			held, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			f.net.change(func() {
				f.net.heard = func(from, to string, req *raft.AppendEntriesRequest) (late bool) {
					if from != "a" || !isHeartbeat(req) {
						return false
					}
					once.Do(func() { // the other waits as well
						f.net.isolate("a", true)
						f.net.change(func() {
							for _, other := range []string{"b", "c"} {
								f.net.cut[edge{ofOurs, "a", other}], f.net.cut[edge{ofOurs, other, "a"}] = !reachable, !reachable
							}
						})
						close(held)
						<-release
						late = true
					})
					return late
				}
			})
			_ = a.raft.VerifyLeader() // sends one
			<-held
			term := a.raft.CurrentTerm()
			f.do(f.leader("a"), put("x", "2", meta.WriteCondition{}))

			verified := a.raft.VerifyLeader()
			for range 30 { // of what waits for raft's loop it takes any: now it has taken that
				if err := a.raft.BootstrapCluster(voter).Error(); !errors.Is(err, raft.ErrCantBootstrap) {
					t.Fatal(err)
				}
			}
			refusal := errors.New("none")
			if _, err := a.ServeReadIndex(context.Background()); err != nil {
				refusal = err
			}
			close(release) // the late answer arrives
			stale, err := peek(a, "x")
			if verified := verified.Error(); verified != nil || err != nil || stale != "1" || a.raft.CurrentTerm() != term {
				t.Errorf("VerifyLeader says %v, %q is there in term %d (%v): the schedule shows nothing any more", verified, stale, a.raft.CurrentTerm(), err)
			}
			_, again := a.ServeReadIndex(context.Background())
			for _, err := range []error{refusal, again} {
				if reachable && !errors.Is(err, ErrNotLeader) || !reachable && !errors.Is(err, ErrNoQuorum) {
					t.Errorf("our read: %v", err)
				}
			}
			f.net.heal()
			f.want("x", "2")
			f.equal()
		})
	}
}

// deposing are Peers that answer as of a term only after the leader has lost it.
type deposing struct {
	fixed
	once *sync.Once
	l    *Raft
	t    *testing.T
}

func (p deposing) Term(_ context.Context, node string) (TermAnswer, error) {
	p.once.Do(func() {
		_ = p.l.raft.LeadershipTransfer().Error() // the state says it
		eventually(p.t, "it leads no more", func() bool { return p.l.raft.State() != raft.Leader })
	})
	return TermAnswer{Cluster: "test", Node: node, Term: 1}, nil
}

// TestDeposedDuringARound: answers of a majority do not help a node that does not
// lead at their end: it counts itself among them.
func TestDeposedDuringARound(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	l := f.leader()
	r := &Raft{o: l.o, raft: l.raft, db: l.db, outcomes: l.outcomes}
	r.o.Peers = deposing{fixed{}, new(sync.Once), l, t}
	if index, err := r.quorumIndex(t.Context()); !errors.Is(err, ErrNotLeader) {
		t.Errorf("got %d, %v, want %v", index, err, ErrNotLeader)
	}
}
