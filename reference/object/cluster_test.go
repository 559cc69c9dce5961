package object

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// A node of a cluster that has no leader opens, and sweeps what it keeps.
func TestNodeWithoutLeaderOpensAndSweeps(t *testing.T) {
	l := &brokenLog{}
	b := newBench(t, "memory", func(c *Config) { l.Log, c.Log = c.Log, l })
	orphan := b.orphan()
	for range 2 {
		if err := b.Fence(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	nobody := deadLog{t}
	s, err := New(t.Context(), Config{Log: nobody, Meta: b.db, Blobs: b.blobs, Clock: b.clock, Leads: func() bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	k := keeper{Service: s}
	k.work(t.Context())
	if b.has(orphan) {
		t.Error("an orphan of a closed epoch is kept")
	}
}

// A deadLog fails the test when it is asked anything.
type deadLog struct{ t *testing.T }

func (l deadLog) Propose(_ context.Context, c meta.Command) (meta.Result, error) {
	l.t.Errorf("proposed %T", c.Op)
	return meta.Result{}, cluster.ErrClosed
}

func (l deadLog) ReadIndex(context.Context) (uint64, error) {
	l.t.Error("asked for an index to read at")
	return 0, cluster.ErrClosed
}

func (l deadLog) Wait(context.Context, uint64) error { return nil }

// Only who leads proposes; all sweep what they keep, each by its own state.
func TestEveryNodeSweepsAfterTheFenceOfOne(t *testing.T) {
	nodes := newNodes(t, 3)
	work(nodes)
	nodes[1].put("bucket", "k", pattern(100<<10))
	kept := nodes[1].blobIDs()[0]
	orphans := make([]blob.ID, 3)
	for i, n := range nodes {
		orphans[i] = n.orphan()
	}
	nodes[2].held = true
	pass(nodes, 2*time.Hour)
	if got := nodes[0].db.Epoch(); got != 3 {
		t.Fatalf("epoch %d after two graces, want 3", got)
	}
	for i, n := range nodes {
		if has := n.has(orphans[i]); has != n.held {
			t.Errorf("node %d keeps its orphan: %v, want %v", i, has, n.held)
		}
		if !n.has(kept) {
			t.Errorf("node %d has lost the blob of an object", i)
		}
	}
	nodes[2].held = false
	nodes[0].put("bucket", "more", nil) // brings all of the log
	work(nodes)
	if nodes[2].has(orphans[2]) {
		t.Error("a node that has caught up keeps its orphan")
	}
	if len(nodes[0].proposed) == 0 {
		t.Error("who leads has proposed nothing")
	}
	for _, n := range nodes[1:] {
		for _, op := range n.proposed {
			if _, ok := op.(meta.PutObject); !ok {
				t.Errorf("who does not lead has proposed %T", op)
			}
		}
	}
}

// Leaders that follow each other fence no faster than one alone: a body in
// transit outlives one rise of the epoch, whoever has brought it.
func TestLeadersInTurnFenceOnceAGrace(t *testing.T) {
	for _, turn := range []int{1, 5, 7, 12, 13, 24, 25} { // ticks that each leads
		nodes := newNodes(t, 3)
		n := nodes[0]
		var rises []time.Time
		for tick := range 20 * stepsPerGrace {
			for i, n := range nodes {
				n.leads = tick/turn%len(nodes) == i
			}
			before := n.db.Epoch()
			work(nodes)
			if n.db.Epoch() != before {
				rises = append(rises, n.clock.Now())
			}
			if tick%31 == 0 { // it starts again, and has seen nothing
				nodes[2].keep = keeper{Service: nodes[2].Service}
			}
			n.clock.advance(n.limits.Grace / stepsPerGrace)
		}
		for i := range rises[min(1, len(rises)):] {
			if d := rises[i+1].Sub(rises[i]); d < n.limits.Grace {
				t.Errorf("%d ticks each: fences %v apart, the grace is %v", turn, d, n.limits.Grace)
			}
		}
		if len(rises) < 5 {
			t.Errorf("%d ticks each: %d fences in 20 graces", turn, len(rises))
		}
	}
}

// What another node's fences do to a body that is on its way here.
func TestBodyInTransitOverFencesOfAnother(t *testing.T) {
	for fences, want := range []errcode.Code{"", "", errcode.SlowDown} {
		nodes := newNodes(t, 2)
		data := pattern(100 << 10)
		r := bytes.NewReader(data)
		_, err := nodes[1].tryPut("bucket", "k", nil, func(in *PutInput) {
			began := false
			in.Body = Body{Size: r.Size(), Reader: readerFunc(func(p []byte) (int, error) {
				for i := 0; !began && i < fences; i++ {
					if err := nodes[0].Fence(t.Context()); err != nil {
						t.Error(err)
					}
					work(nodes)
				}
				began = true
				return r.Read(p)
			})}
		})
		wantCode(t, "put", err, want)
		if want == "" {
			if got := nodes[0].get("bucket", "k", ""); !bytes.Equal(got, data) {
				t.Errorf("over %d fences: body changed", fences)
			}
			continue
		}
		if keys := nodes[0].keys("bucket"); keys != "" {
			t.Errorf("over %d fences: keys %q", fences, keys)
		}
		nodes[1].put("bucket", "next", data)
		pass(nodes, 3*time.Hour)
		for i, n := range nodes {
			if ids := n.blobIDs(); len(ids) != 1 {
				t.Errorf("node %d: blobs %v, want the one that is named", i, ids)
			}
		}
	}
}

// What the leader reaps goes from every node, not only from its own store.
func TestReapRemovesEverywhere(t *testing.T) {
	nodes := newNodes(t, 3)
	nodes[2].put("bucket", "k", pattern(100<<10))
	nodes[1].delete("bucket", "k", "")
	nodes[0].clock.advance(2 * time.Hour)
	nodes[0].put("bucket", "tick", nil) // time is the log's
	if err := nodes[0].Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		if ids := n.blobIDs(); len(ids) != 0 {
			t.Errorf("node %d keeps %v", i, ids)
		}
	}
}

// A sweep that fails is made up for at the next tick, without a fence.
func TestFailedSweepIsRepeated(t *testing.T) {
	nodes := newNodes(t, 1, func(c *Config) { c.Sweep = &sulking{Store: c.Sweep, left: 1} })
	orphan := nodes[0].orphan()
	work(nodes)
	for range 2 {
		if err := nodes[0].Fence(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	work(nodes)
	if !nodes[0].has(orphan) {
		t.Fatal("the sweep did not fail")
	}
	work(nodes)
	if nodes[0].has(orphan) {
		t.Error("the sweep was not repeated")
	}
}

// sulking fails its first deletes.
type sulking struct {
	blob.Store
	left int
}

func (s *sulking) Delete(ctx context.Context, id blob.ID) error {
	if s.left--; s.left >= 0 {
		return errors.New("not now")
	}
	return s.Store.Delete(ctx, id)
}
