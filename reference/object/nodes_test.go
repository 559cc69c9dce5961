package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
)

// An order is one log that several nodes apply, each to a state of its own.
type order struct {
	mu      sync.Mutex
	now     func() time.Time
	entries []meta.Entry
	nodes   []*node
}

// A node is a Service over its own state and its own blobs, and its cluster.Log.
type node struct {
	*bench
	order *order
	own   blob.Store
	keep  keeper
	leads bool
	// held leaves the state behind until the node asks for what is current.
	held     bool
	proposed []meta.Op
}

var _ cluster.Log = (*node)(nil)

// newNodes returns nodes with one bucket; the first one leads.
func newNodes(t *testing.T, n int, change ...func(*Config)) []*node {
	o := &order{}
	nodes := make([]*node, n)
	var all everywhere
	for i := range nodes {
		nodes[i] = &node{order: o, own: memory.New(0), leads: i == 0}
		all = append(all, nodes[i].own)
	}
	clock := &handClock{now: start}
	o.now = clock.Now
	for _, nd := range nodes {
		nd.bench = &bench{t: t, clock: clock, blobs: nd.own}
		var err error
		if nd.db, err = meta.Open(t.Context(), meta.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := nd.db.Close(); err != nil {
				t.Error(err)
			}
		})
		c := Config{Log: nd, Meta: nd.db, Blobs: all, Sweep: nd.own, Clock: clock, Leads: func() bool { return nd.leads }}
		for _, f := range change {
			f(&c)
		}
		if nd.Service, err = New(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		nd.keep.Service = nd.Service
	}
	o.nodes = nodes
	nodes[0].createBucket("bucket")
	return nodes
}

// Propose implements cluster.Log.
func (n *node) Propose(_ context.Context, cmd meta.Command) (meta.Result, error) {
	o := n.order
	o.mu.Lock()
	defer o.mu.Unlock()
	n.proposed = append(n.proposed, cmd.Op)
	cmd.ID, cmd.Stamp = fmt.Sprint(len(o.entries)), o.now().UnixMilli()
	o.entries = append(o.entries, meta.Entry{Index: uint64(len(o.entries) + 1), Command: cmd})
	for _, other := range o.nodes {
		if other != n && !other.held {
			if _, err := other.catchUp(); err != nil {
				return meta.Result{}, err
			}
		}
	}
	rs, err := n.catchUp()
	if err != nil {
		return meta.Result{}, err
	}
	return rs[len(rs)-1], nil
}

// catchUp applies what is left; the order's lock is held.
func (n *node) catchUp() ([]meta.Result, error) {
	return n.db.Apply(n.order.entries[n.db.Applied():])
}

// ReadIndex implements cluster.Log.
func (n *node) ReadIndex(context.Context) (uint64, error) {
	n.order.mu.Lock()
	defer n.order.mu.Unlock()
	_, err := n.catchUp()
	return n.db.Applied(), err
}

// Wait implements cluster.Log.
func (n *node) Wait(ctx context.Context, index uint64) error {
	return n.db.WaitApplied(ctx, index)
}

// work does what Maintain does between two ticks, at each node.
func work(nodes []*node) {
	for _, n := range nodes {
		n.keep.work(n.t.Context())
	}
}

// pass lets d go by, with work at every tick.
func pass(nodes []*node, d time.Duration) {
	tick := nodes[0].limits.Grace / stepsPerGrace
	for ; d > 0; d -= tick {
		nodes[0].clock.advance(tick)
		work(nodes)
	}
}

// everywhere keeps a blob in all stores, and deletes it in all of them.
type everywhere []blob.Store

func (e everywhere) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (info blob.Info, err error) {
	b, err := io.ReadAll(r)
	for _, s := range e {
		if err == nil {
			info, err = s.Create(ctx, id, bytes.NewReader(b), size)
		}
	}
	return info, err
}

func (e everywhere) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	return e[0].Open(ctx, id, off, n)
}

func (e everywhere) Delete(ctx context.Context, id blob.ID) (err error) {
	for _, s := range e {
		if err == nil {
			err = s.Delete(ctx, id)
		}
	}
	return err
}

func (e everywhere) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	return e[0].List(ctx, after, fn)
}

func (e everywhere) Close() error { return nil }
