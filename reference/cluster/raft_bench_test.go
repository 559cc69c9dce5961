package cluster

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// trio is three nodes over raft's transport in memory; it returns who leads.
func trio(b *testing.B) *Raft {
	n := newNetwork()
	nodes, err := openTrio(n, b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		for _, r := range nodes {
			n.leave(r.o.Node)
			if err := r.Close(); err != nil {
				b.Error(err)
			}
		}
	})
	if err := makeBucket(nodes[0]); err != nil {
		b.Fatal(err)
	}
	for {
		for _, r := range nodes {
			if r.raft.State() == raft.Leader {
				return r
			}
		}
	}
}

// run calls fn from a number of clients at once.
func run(b *testing.B, clients int, fn func(i int64) error) {
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := fn(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkRaft is commands of 200 bytes at the leader, packed and one to an
// entry, and reads proven by a round beside reads that write to the log.
func BenchmarkRaft(b *testing.B) {
	r := trio(b)
	ctx := context.Background()
	propose := func(i int64) error {
		_, err := r.Propose(ctx, meta.Command{Op: put(fmt.Sprint("k", i), "v", meta.WriteCondition{})})
		return err
	}
	alone := func(i int64) error {
		c := meta.Command{ID: fmt.Sprintf("id%014d", i), Op: put(fmt.Sprint("k", i), "v", meta.WriteCondition{})}
		e, err := meta.Encode(c)
		if err != nil {
			return err
		}
		return committed(r.raft.Apply(pack(1, [][]byte{e}), 0))
	}
	read := func(int64) error {
		i, err := r.ReadIndex(ctx)
		if err == nil {
			err = r.Wait(ctx, i)
		}
		return err
	}
	written := func(int64) error {
		_, err := r.Propose(ctx, meta.Command{Op: meta.Fence{}})
		return err
	}
	for _, clients := range []int{1, 8, 64, 256} {
		for _, how := range []struct {
			name string
			fn   func(int64) error
		}{{"packed", propose}, {"unpacked", alone}, {"read-index", read}, {"read-log", written}} {
			b.Run(fmt.Sprintf("%s/%d", how.name, clients), func(b *testing.B) { run(b, clients, how.fn) })
		}
	}
}
