package object

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/meta"
)

// A pool is one store of all nodes. Behind each Create something else may happen,
// before what was created is named.
type pool struct {
	blob.Store
	then func()
}

func (p *pool) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	info, err := p.Store.Create(ctx, id, r, size)
	p.then()
	return info, err
}

func (p *pool) Close() error { return nil }

// newSharers returns nodes that share a store.
func newSharers(t *testing.T, n int) ([]*node, *pool) {
	p := &pool{Store: memory.New(0), then: func() {}}
	nodes := newNodes(t, n, func(c *Config) { c.Blobs, c.Sweep, c.Shared = p, p, true })
	for _, nd := range nodes {
		nd.blobs, nd.own = p, p
	}
	return nodes, p
}

// Of a store that all share only who leads removes orphans.
func TestOnlyWhoLeadsSweepsWhatIsShared(t *testing.T) {
	nodes, _ := newSharers(t, 3)
	work(nodes)
	nodes[1].put("bucket", "k", pattern(100<<10))
	kept := nodes[0].blobIDs()[0]
	orphan := nodes[2].orphan()
	pass(nodes[1:], 3*time.Hour) // nobody leads
	for range 2 {
		if err := nodes[1].Fence(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	work(nodes[1:])
	if !nodes[0].has(orphan) {
		t.Error("who does not lead has swept")
	}
	nodes[2].leads = true // and has not seen a sweep yet
	work(nodes[2:])
	if nodes[0].has(orphan) || !nodes[0].has(kept) {
		t.Errorf("who leads has left %q", nodes[0].blobIDs())
	}
}

// Whatever nodes believe to lead, however far their states are behind, and
// whatever happens between the creation of a blob and its naming: no sweep removes
// what is named.
func TestSweepOfWhatIsSharedKeepsAllThatIsNamed(t *testing.T) {
	seeds := 25
	if testing.Short() {
		seeds = 10
	}
	swept, put := 0, 0
	for seed := range uint64(seeds) {
		s := newSharing(t, seed)
		for range 60 {
			s.step(0)
			s.check(seed)
		}
		swept, put = swept+s.swept, put+s.put
	}
	if swept < seeds || put < seeds {
		t.Errorf("%d orphans were swept and %d bodies put in %d runs: nothing is shown", swept, put, seeds)
	}
}

// A sharing is nodes that share a store, under what a seed draws. The last one only
// looks on, and has the latest state.
type sharing struct {
	t          *testing.T
	nodes      []*node
	pool       *pool
	rand       *rand.Rand
	swept, put int
}

func newSharing(t *testing.T, seed uint64) *sharing {
	s := &sharing{t: t, rand: rand.New(rand.NewPCG(seed, 9))}
	s.nodes, s.pool = newSharers(t, 4)
	return s
}

// step does something at a node; depth is how many bodies are under way meanwhile.
func (s *sharing) step(depth int) {
	n := s.nodes[s.rand.IntN(len(s.nodes)-1)]
	key := fmt.Sprint("k", s.rand.IntN(4))
	ctx := context.Background()
	switch s.rand.IntN(9) {
	case 0, 1:
		if depth < 2 {
			s.pool.then = func() {
				for range s.rand.IntN(6) {
					s.step(depth + 1)
				}
			}
			if _, err := n.tryPut("bucket", key, pattern(20<<10)); err == nil {
				s.put++
			}
			s.pool.then = func() {}
		}
	case 2:
		_, _ = n.Delete(ctx, DeleteInput{Caller: alice, Bucket: "bucket", Key: key})
	case 3:
		_, _ = n.Copy(ctx, CopyInput{Caller: alice, SourceBucket: "bucket", SourceKey: key, Bucket: "bucket", Key: "copy of " + key})
	case 4:
		n.held = !n.held
	case 5:
		s.nodes[0].clock.advance(n.limits.Grace / 3)
	case 6: // whoever believes to lead
		n.leads = s.rand.IntN(2) == 0
		s.watch(func() { n.keep.work(ctx) })
	case 7:
		if err := n.Fence(ctx); err != nil {
			s.t.Fatal(err)
		}
	case 8: // by the state that it has, leading or deposed
		s.watch(func() {
			if err := n.Sweep(ctx); err != nil {
				s.t.Fatal(err)
			}
		})
	}
}

// watch counts what do removes.
func (s *sharing) watch(do func()) {
	before := len(s.nodes[0].blobIDs())
	do()
	s.swept += before - len(s.nodes[0].blobIDs())
}

// check sees to it that all that is named is there.
func (s *sharing) check(seed uint64) {
	s.t.Helper()
	there := map[blob.ID]bool{}
	for _, id := range s.nodes[0].blobIDs() {
		there[id] = true
	}
	var ids []string
	err := s.nodes[len(s.nodes)-1].db.View(context.Background(), func(tx *meta.Tx) (err error) {
		ids, err = tx.Blobs("", 1000)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, id := range ids {
		if !there[blob.ID(id)] {
			s.t.Fatalf("seed %d: %s is named, and gone", seed, id)
		}
	}
}
