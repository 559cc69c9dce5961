package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// A node that joins gets everything, and votes once it has it: its log and its
// blobs.
func TestJoin(t *testing.T) {
	t.Parallel()
	var complete atomic.Bool
	f := newSeed(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		c.TrailingLogs = 1
		if id == "b" {
			o.Blobs = func() BlobStatus { return BlobStatus{Missing: 1, Complete: complete.Load(), MissingIDs: []string{"x"}} }
		}
	}, "a", "b")
	f.bucket()
	l := f.leader()
	for i := range 20 {
		f.do(l, put(fmt.Sprint("k", i), "v", meta.WriteCondition{}))
	}
	if err := l.Snapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := l.Snapshot(context.Background()); err != nil {
		t.Errorf("a second snapshot: %v", err)
	}
	if err := l.Join(context.Background(), "b", "b"); err != nil {
		t.Fatal(err)
	}
	f.want("k19", "v")
	f.do(f.nodes["b"], put("k", "v", meta.WriteCondition{}))
	f.equal()
	asked := l.o.Peers
	if s, err := asked.Status(context.Background(), "b", true); err != nil || s.Blobs.Complete || s.Blobs.MissingIDs != nil || s.Voter || s.Leader != "a" {
		t.Errorf("b says %+v, %v", s, err)
	}
	// It has caught up, and its blobs are what keeps it from voting.
	m := Member{ID: "b", Addr: "b"}
	for range 5 {
		if l.caughtUp(m, map[string]*chase{}, time.Minute) {
			t.Error("it is taken for complete")
		}
	}
	if got := l.Members(); !slices.Contains(got, m) {
		t.Errorf("members %+v", got)
	}
	if err := f.nodes["b"].Join(context.Background(), "b", "b"); err != nil {
		t.Errorf("a non-voter joins again: %v", err)
	}
	complete.Store(true)
	eventually(t, "b votes", func() bool { return f.nodes["b"].votes("b") })
	if d := cmp.Diff([]Member{{"a", "a", true}, {"b", "b", true}}, l.Members()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	f.equal()
}

// What a non-voter says of itself decides whether it may vote.
func TestCaughtUp(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a")
	f.bucket()
	l := f.leader()
	commit := l.raft.CommitIndex()
	good := NodeStatus{Cluster: "test", ID: "b", Leader: "a", Term: l.raft.CurrentTerm(), Applied: commit, Blobs: BlobStatus{Complete: true}}
	for name, tt := range map[string]struct {
		change func(s *NodeStatus, c *chase)
		want   bool
	}{
		"it is":              {func(*NodeStatus, *chase) {}, true},
		"it lags":            {func(s *NodeStatus, _ *chase) { s.Applied-- }, false},
		"it took long":       {func(_ *NodeStatus, c *chase) { c.began = c.began.Add(-time.Hour) }, false},
		"without its blobs":  {func(s *NodeStatus, _ *chase) { s.Blobs.Complete = false }, false},
		"another leader":     {func(s *NodeStatus, _ *chase) { s.Leader = "c" }, false},
		"another term":       {func(s *NodeStatus, _ *chase) { s.Term++ }, false},
		"another node":       {func(s *NodeStatus, _ *chase) { s.ID = "c" }, false},
		"another cluster":    {func(s *NodeStatus, _ *chase) { s.Cluster = "other" }, false},
		"it hears nothing":   {func(s *NodeStatus, _ *chase) { s.LastContactMS = time.Hour.Milliseconds() }, false},
		"it has never heard": {func(s *NodeStatus, _ *chase) { s.LastContactMS = -1 }, false},
	} {
		s, c := good, chase{commit, time.Now()}
		tt.change(&s, &c)
		asking := &Raft{o: l.o, raft: l.raft, ctx: l.ctx, broken: l.broken}
		asking.o.Peers = telling{fixed{}, s}
		if got := asking.caughtUp(Member{ID: "b", Addr: "b"}, map[string]*chase{"b": &c}, time.Minute); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// telling are Peers that all have one status.
type telling struct {
	fixed
	s NodeStatus
}

func (p telling) Status(context.Context, string, bool) (NodeStatus, error) { return p.s, nil }

// Who may join, and as what.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b")
	f.admit("b")
	ctx := context.Background()
	for _, r := range f.nodes { // at the leader, and at the other
		var refused *RefusedError
		for name, tt := range map[string]struct {
			id, addr string
			want     error
		}{
			"a voter that comes empty":            {"b", "b", ErrKnown},
			"a voter that comes empty, elsewhere": {"b", "z", ErrKnown},
			"the address of another":              {"z", "a", ErrAddrTaken},
			"no id":                               {"", "z", nil},
			"no address":                          {"z", "", nil},
		} {
			if err := r.Join(ctx, tt.id, tt.addr); !errors.As(err, &refused) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%s at %s: %v", name, r.o.Node, err)
			}
		}
	}
	// A non-voter may move, and may come to where it was announced.
	for _, addr := range []string{"x", "y", "y"} {
		if err := f.follower().Join(ctx, "z", addr); err != nil {
			t.Fatal(err)
		}
		if m, _ := f.leader().member("z"); m != (Member{"z", addr, false}) {
			t.Errorf("joined at %s: %+v", addr, m)
		}
	}
	// Nobody comes back by saying that it has data.
	err := f.leader().ServeChange(ctx, Change{Kind: ChangeJoin, ID: "gone", Addr: "gone", HasData: true})
	if !errors.Is(err, ErrUnknownMember) {
		t.Errorf("one that was removed: %v", err)
	}
	f.equalAmong("a", "b")
}

// A leader that nobody hears may know less of a member than the cluster: that a
// non-voter votes by now. It must not let one in that comes without its log.
func TestJoinAtAnIsolatedLeader(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c")
	f.admit("b")
	f.admit("c")
	l := f.leader()
	if err := l.Join(t.Context(), "z", "z"); err != nil {
		t.Fatal(err)
	}
	f.mesh.isolate(l.o.Node, true)
	var refused *RefusedError
	err := l.ServeChange(t.Context(), Change{Kind: ChangeJoin, ID: "z", Addr: "z"})
	if !errors.As(err, &refused) || !transient(err) {
		t.Errorf("got %v, want that it may be asked again", err)
	}
	f.mesh.isolate(l.o.Node, false)
}

// Two who each have seen that a member can be spared must not both have their way
// when it is the other that makes it so.
func TestRemoveAmongOthers(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c", "d")
	f.admit("b", "c", "d")
	r, seen := f.nodes["a"], f.leader().Members()
	eventually(t, "all know the members", func() bool { return slices.Equal(r.Members(), seen) })
	if err := r.RemoveAmong(t.Context(), "c", seen); err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	if err := r.RemoveAmong(t.Context(), "d", seen); !errors.As(err, &refused) || !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want %v", err, ErrChanged)
	}
	if _, there := f.leader().member("d"); !there {
		t.Error("it is removed")
	}
}

// equalAmong is equal for some of the nodes that run.
func (f *fleet) equalAmong(ids ...string) {
	f.t.Helper()
	all := f.nodes
	f.nodes = map[string]*Raft{}
	for _, id := range ids {
		f.nodes[id] = all[id]
	}
	f.equal()
	f.nodes = all
}

// A removed node reads nothing and writes nothing, and the others go on; who
// leads hands that over before it is removed.
func TestRemove(t *testing.T) {
	t.Parallel()
	f := newSeed(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		o.ReadTimeout, o.ProposeTimeout, o.RoundTimeout = 2*time.Second, 2*time.Second, 500*time.Millisecond
	}, "a", "b", "c")
	f.admit("b", "c")
	f.bucket()
	ctx := context.Background()
	if err := f.follower().Remove(ctx, "z"); !errors.Is(err, ErrUnknownMember) {
		t.Errorf("a node that there is not: %v", err)
	}
	l := f.leader()
	out := l.o.Node
	if err := l.Remove(ctx, out); err != nil { // by the next leader
		t.Fatal(err)
	}
	next := f.leader(out)
	if _, member := next.member(out); member || len(next.Members()) != 2 {
		t.Errorf("members %+v", next.Members())
	}
	f.do(next, put("k", "v", meta.WriteCondition{}))

	// It may not know, and whom it asks knows.
	w := NewWire(caller{f.mesh, out})
	var refused *RefusedError
	if index, err := w.ReadIndex(ctx, next.o.Node); !errors.As(err, &refused) || !errors.Is(err, ErrNotMember) {
		t.Errorf("a removed node reads at %d, %v", index, err)
	}
	b := encoded(t, meta.Command{ID: "1", Term: next.raft.CurrentTerm(), Op: put("k", "w", meta.WriteCondition{})})[0]
	if index, err := w.Propose(ctx, next.o.Node, b); !errors.As(err, &refused) || !errors.Is(err, ErrNotMember) {
		t.Errorf("a removed node writes at %d, %v", index, err)
	}
	if err := w.Change(ctx, next.o.Node, Change{Kind: ChangeRemove, ID: next.o.Node, Forwarded: true}); !errors.Is(err, ErrNotMember) {
		t.Errorf("a removed node removes another: %v", err)
	}
	if a, err := w.Term(ctx, next.o.Node); err != nil || a.Node != next.o.Node {
		t.Errorf("its term is told as %+v, %v", a, err)
	}
	if got, err := get(ctx, l, "k"); !errors.As(err, &refused) {
		t.Errorf("a read at the removed node: %q, %v", got, err)
	}
	if _, err := l.Propose(ctx, meta.Command{Op: put("k", "w", meta.WriteCondition{})}); !errors.As(err, &refused) {
		t.Errorf("a write at the removed node: %v", err)
	}
	if l.Ready() {
		t.Error("a removed node is ready")
	}
	f.stop(out)
	f.want("k", "v")
	f.equal()
}

// Nobody is removed whom the others need to go on.
func TestRemoveKeepsQuorum(t *testing.T) {
	t.Parallel()
	f := newSeed(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		o.RoundTimeout = 500 * time.Millisecond
	}, "a", "b", "c")
	ctx := context.Background()
	if err := f.leader().Remove(ctx, "a"); !errors.Is(err, ErrLastVoter) {
		t.Errorf("the only voter: %v", err)
	}
	f.admit("b", "c")
	f.bucket()
	l := f.lead("a")
	f.net.isolate("c", true)
	f.mesh.isolate("c", true)
	if err := f.nodes["b"].Remove(ctx, "b"); !errors.Is(err, ErrQuorum) {
		t.Errorf("one of the two that are there: %v", err)
	}
	if err := l.Remove(ctx, "a"); !errors.Is(err, ErrQuorum) {
		t.Errorf("the leader, of two that are there: %v", err)
	}
	if len(l.Members()) != 3 {
		t.Errorf("members %+v", l.Members())
	}
	if err := f.nodes["b"].Remove(ctx, "c"); err != nil {
		t.Errorf("the one that is not there: %v", err)
	}
	f.stop("c")
	f.do(f.nodes["b"], put("k", "v", meta.WriteCondition{}))
	f.want("k", "v")
	f.equal()
}

// The leadership goes where it is told to, from any node.
func TestTransfer(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c")
	ctx := context.Background()
	if err := f.leader().Transfer(ctx, ""); !errors.Is(err, ErrLastVoter) {
		t.Errorf("of one voter: %v", err)
	}
	f.admit("b")
	for _, id := range []string{"b", "a"} {
		if err := f.nodes["a"].Transfer(ctx, id); err != nil {
			t.Errorf("to %s: %v", id, err)
		}
		eventually(t, id+" leads", func() bool { return f.leader().o.Node == id })
	}
	if err := f.nodes["b"].Transfer(ctx, ""); err != nil {
		t.Errorf("to any: %v", err)
	}
	if got := f.leader("a").o.Node; got != "b" {
		t.Errorf("%s leads", got)
	}
	if err := f.nodes["a"].Transfer(ctx, "z"); !errors.Is(err, ErrUnknownMember) {
		t.Errorf("to nobody: %v", err)
	}
	if err := f.leader().Join(ctx, "x", "x"); err != nil {
		t.Fatal(err)
	}
	if err := f.nodes["a"].Transfer(ctx, "x"); !errors.Is(err, ErrNotVoter) {
		t.Errorf("to a non-voter: %v", err)
	}
}

// TestTransferToALostNode: the cluster goes on to serve, however often the
// leadership is handed to a node that cannot be reached, and to which a message is
// under way all the time; and once it is back it can lead.
func TestTransferToALostNode(t *testing.T) {
	t.Parallel()
	f := newFleet(t, quick, "a", "b", "c")
	f.bucket()
	l := f.leader()
	lost := f.follower()
	patient, end := context.WithCancel(t.Context())
	t.Cleanup(end) // or nothing would end
	f.net.change(func() { f.net.patient = patient })
	f.net.isolate(lost.o.Node, true)
	f.do(l, put("k", "0", meta.WriteCondition{}))
	for range 5 { // the first may be taken up by a message that began before
		if err := l.transfer(lost.o.Node); err == nil {
			t.Fatal("a node that cannot be reached took the leadership")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if res, err := l.Propose(ctx, meta.Command{Op: put("k", "1", meta.WriteCondition{})}); err != nil || res.Err != nil {
		t.Fatalf("after that no write succeeds: %v, %v", err, res.Err)
	}
	f.net.heal()
	eventually(t, "it leads", func() bool { return l.transfer(lost.o.Node) == nil || f.leader() == lost })
}

// A voter that was started at another address is found there.
func TestAddressChanges(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c")
	f.admit("b", "c")
	f.bucket()
	f.lead("a")
	f.stop("b")
	f.do(f.nodes["c"], put("k", "v", meta.WriteCondition{}))
	f.addrs["b"] = "b2"
	r := f.start("b")
	eventually(t, "the address is known", func() bool {
		m, _ := f.leader().member("b")
		return m == Member{"b", "b2", true}
	})
	if got, err := get(context.Background(), r, "k"); err != nil || got != "v" {
		t.Errorf("at the new address: %q, %v", got, err)
	}
	f.equal()
}
