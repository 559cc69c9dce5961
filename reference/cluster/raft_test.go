package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// Every node takes writes and reads what any other has acknowledged; restarts
// and absences change nothing of that, and all end with the same state.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	for i, id := range f.ids {
		f.do(f.nodes[id], put("k", fmt.Sprint(i), meta.WriteCondition{}))
		f.want("k", fmt.Sprint(i))
	}
	f.equal()
	for _, id := range f.ids {
		if v := f.version(f.nodes[id]); v != meta.StateVersion {
			t.Errorf("%s: state version %d", id, v)
		}
	}

	gone := f.follower().o.Node
	f.stop(gone)
	f.do(f.leader(), put("k", "without", meta.WriteCondition{}))
	r := f.start(gone)
	if got, err := get(context.Background(), r, "k"); err != nil || got != "without" {
		t.Errorf("by the tail of the log: %q, %v", got, err)
	}
	f.equal()

	for _, id := range f.ids {
		f.stop(id)
	}
	for _, id := range f.ids {
		f.start(id)
	}
	f.leader()
	f.want("k", "without")
	f.do(f.follower(), put("k", "on", meta.WriteCondition{}))
	f.want("k", "on")
	f.equal()
}

// One voter is its own majority.
func TestOneNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a")
	f.bucket()
	f.do(f.nodes["a"], put("k", "v", meta.WriteCondition{}))
	f.want("k", "v")
	f.stop("a")
	f.start("a")
	f.want("k", "v")
}

// A follower that was away while the log was cut gets a snapshot, and it too
// goes on from there after a restart.
func TestCatchUpBySnapshot(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, _ *RaftOptions, c *raft.Config) { c.TrailingLogs = 1 }, "a", "b", "c")
	f.bucket()
	away := f.follower().o.Node
	f.stop(away)
	for round := range 2 { // the second starts from a restored database
		l := f.leader()
		l.snapshots.sends.forget() // those of the last round
		for i := range 20 {
			f.do(l, put(fmt.Sprintf("k%d-%d", round, i), "v", meta.WriteCondition{}))
		}
		if err := l.raft.Snapshot().Error(); err != nil {
			t.Fatal(err)
		}
		if n := l.snapshots.newest(); n == nil || n.Image {
			t.Fatalf("the snapshot is %+v, want a marker", n)
		}
		before := l.db.Applied()
		r := f.start(away)
		if got, err := get(context.Background(), r, fmt.Sprintf("k%d-19", round)); err != nil || got != "v" {
			t.Fatalf("after a snapshot: %q, %v", got, err)
		}
		if n := r.snapshots.newest(); n == nil || !n.Image || n.Meta.Index < before {
			t.Errorf("the newest snapshot is %+v, want an image at %d or later", n, before)
		}
		f.do(r, put("k", fmt.Sprint(round), meta.WriteCondition{}))
		f.equal()
		f.stop(away)
		f.start(away)
		f.want("k", fmt.Sprint(round))
		f.equal()
		if round == 0 {
			f.stop(away)
		}
	}
}

// A change of the configuration is the last entry there is, and a read at its
// index does not wait for ever.
func TestConfigurationAlone(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	f.do(f.leader(), put("k", "v", meta.WriteCondition{}))
	future := f.leader().raft.AddNonvoter("d", "d", 0, 0)
	if err := future.Error(); err != nil {
		t.Fatal(err)
	}
	f.want("k", "v")
	if l := f.leader(); l.db.Applied() != future.Index() || l.raft.LastIndex() != future.Index() {
		t.Errorf("applied %d, configuration at %d, log ends at %d", l.db.Applied(), future.Index(), l.raft.LastIndex())
	}
	f.equal()
}

// What is proposed together shares entries, and everybody gets his own result.
func TestPacking(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	l := f.leader()
	before := l.raft.LastIndex()
	const clients = 200
	var wins atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			r := f.nodes[f.ids[i%3]]
			res, err := r.Propose(context.Background(), meta.Command{Op: put(fmt.Sprint("k", i/2), fmt.Sprint(i), meta.WriteCondition{IfNoneMatch: "*"})})
			if err != nil {
				t.Error(err)
			}
			if res.Err == nil {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if got := wins.Load(); got != clients/2 {
		t.Errorf("%d writes won, want one of each two", got)
	}
	if entries := l.raft.LastIndex() - before; f.leader() == l && entries > clients/2 {
		t.Errorf("%d commands took %d entries", clients, entries)
	}
	f.equal()
}

// A node whose state machine breaks ends its part in the cluster, and no
// proposal is told of success, or of a failure that might not be one.
func TestBrokenNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a")
	r := f.leader()
	term := r.raft.CurrentTerm()
	b := encoded(t, meta.Command{ID: "x", Term: term, Op: impossible.Op})[0]
	var refused *RefusedError
	if _, err := r.append(context.Background(), b, term); err == nil || errors.As(err, &refused) {
		t.Errorf("the failing command got %v", err)
	}
	<-r.Broken()
	var fatal *meta.FatalError
	if !errors.As(r.Err(), &fatal) {
		t.Errorf("the node says %v", r.Err())
	}
	if _, err := r.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); !errors.Is(err, ErrBroken) {
		t.Errorf("the next proposal got %v", err)
	}
	if _, err := r.ReadIndex(context.Background()); !errors.Is(err, ErrBroken) {
		t.Errorf("reading got %v", err)
	}
	if _, err := r.ServeTerm(context.Background()); !errors.Is(err, ErrBroken) {
		t.Errorf("its term is told: %v", err)
	}
	if err := r.Wait(context.Background(), 1000); !errors.As(err, &fatal) {
		t.Errorf("waiting got %v", err)
	}
	eventually(t, "raft has ended", func() bool { return r.raft.State() == raft.Shutdown })
}

func TestClosedNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a")
	r := f.leader()
	f.stop("a")
	if _, err := r.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); !errors.Is(err, ErrClosed) {
		t.Errorf("a proposal got %v", err)
	}
	if _, err := r.ReadIndex(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("reading got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// An answer of another node or another cluster is none.
func TestForeignAnswers(t *testing.T) {
	answer := TermAnswer{Cluster: "test", Node: "b"}
	for _, tt := range []struct {
		says TermAnswer
		err  error
		ok   bool
	}{
		{answer, nil, true},
		{answer, errLost, false},
		{TermAnswer{Cluster: "other", Node: "b"}, nil, false},
		{TermAnswer{Cluster: "test", Node: "c"}, nil, false},
		{TermAnswer{Cluster: "test", Node: "b", Term: 8}, nil, false},
	} {
		r := &Raft{o: RaftOptions{Cluster: "test", Node: "a", Peers: fixed{tt.says, tt.err}}}
		if err := r.notLater(context.Background(), "b", 7); (err == nil) != tt.ok {
			t.Errorf("%+v, %v: got %v", tt.says, tt.err, err)
		}
	}
}

// fixed are Peers that all answer the same.
type fixed struct {
	term TermAnswer
	err  error
}

func (p fixed) Term(context.Context, string) (TermAnswer, error) { return p.term, p.err }

func (p fixed) Propose(context.Context, string, []byte) (uint64, error) { return 0, p.err }

func (p fixed) ReadIndex(context.Context, string) (uint64, error) { return 0, p.err }

func (p fixed) Change(context.Context, string, Change) error { return p.err }

func (p fixed) Status(context.Context, string, bool) (NodeStatus, error) { return NodeStatus{}, p.err }
