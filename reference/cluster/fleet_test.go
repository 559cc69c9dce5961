package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// A fleet is a cluster in one process, over a network that can be cut. Its nodes
// keep their directories over restarts.
type fleet struct {
	t     *testing.T
	net   *network
	ids   []string
	dirs  map[string]string
	addrs map[string]string // "": the id
	mesh  *mesh             // nil: Peers go over net
	stops map[string]func() // of mesh
	tune  func(id string, o *RaftOptions, c *raft.Config)
	nodes map[string]*Raft // those that run
}

// newFleet starts nodes that are voters from the beginning. tune may be nil.
func newFleet(t *testing.T, tune func(id string, o *RaftOptions, c *raft.Config), ids ...string) *fleet {
	f := newStopped(t, tune, ids...)
	for _, id := range ids {
		f.start(id)
	}
	return f
}

// newStopped makes directories for nodes, and starts none.
func newStopped(t *testing.T, tune func(id string, o *RaftOptions, c *raft.Config), ids ...string) *fleet {
	f := &fleet{
		t: t, net: newNetwork(), ids: ids, dirs: map[string]string{}, addrs: map[string]string{},
		stops: map[string]func(){}, tune: tune, nodes: map[string]*Raft{},
	}
	for _, id := range ids {
		f.dirs[id], f.addrs[id] = t.TempDir(), id
	}
	t.Cleanup(func() { // before the directories go
		f.net.heal() // so that leaders end at once
		for _, id := range ids {
			f.stop(id)
		}
	})
	return f
}

func (f *fleet) options(id string) RaftOptions {
	boot := raft.Configuration{}
	for _, id := range f.ids {
		boot.Servers = append(boot.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	o := RaftOptions{
		Dir: f.dirs[id], Cluster: "test", Node: id, Peers: &wires{f.net, id}, Bootstrap: &boot, Log: f.t.Output(),
		ProposeTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
	}
	if f.mesh != nil {
		o.Bootstrap, o.Addr, o.Peers = nil, f.addrs[id], NewWire(caller{f.mesh, id})
	}
	o.Tune = func(c *raft.Config) {
		c.LogLevel = "ERROR"
		c.SnapshotThreshold = 1 << 30
		c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 500*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond
		if f.tune != nil {
			f.tune(id, &o, c)
		}
	}
	if f.tune != nil {
		f.tune(id, &o, raft.DefaultConfig())
	}
	return o
}

func (f *fleet) start(id string) *Raft {
	f.t.Helper()
	o := f.options(id)
	o.Transport = f.net.attach(id, f.addrs[id])
	r, err := OpenRaft(context.Background(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.nodes[id] = r
	f.net.join(id, r)
	if f.mesh != nil {
		f.stops[id] = f.mesh.serve(id, f.addrs[id], r.Handler())
	}
	return r
}

func (f *fleet) stop(id string) {
	f.t.Helper()
	r := f.nodes[id]
	if r == nil {
		return
	}
	delete(f.nodes, id)
	f.net.leave(id)
	if stop := f.stops[id]; stop != nil {
		stop()
	}
	if err := r.Close(); err != nil {
		f.t.Errorf("close %s: %v", id, err)
	}
}

// leader waits for a node that leads, has done what it does first, and is not
// among others.
func (f *fleet) leader(others ...string) *Raft {
	f.t.Helper()
	var found *Raft
	eventually(f.t, "a leader", func() bool {
		for id, r := range f.nodes {
			started, _ := r.outcomes.term()
			if !slices.Contains(others, id) && r.raft.State() == raft.Leader && started == r.raft.CurrentTerm() && f.version(r) == meta.StateVersion {
				found = r
			}
		}
		return found != nil
	})
	return found
}

// version returns that of a node's state.
func (f *fleet) version(r *Raft) (v int) {
	f.t.Helper()
	err := r.db.View(context.Background(), func(tx *meta.Tx) error {
		s, err := tx.Stats()
		v = s.Version
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// lead makes a node the leader.
func (f *fleet) lead(id string) *Raft {
	f.t.Helper()
	eventually(f.t, id+" leads", func() bool {
		l := f.leader()
		if l.o.Node != id {
			_ = l.raft.LeadershipTransferToServer(raft.ServerID(id), raft.ServerAddress(id)).Error()
		}
		return l.o.Node == id
	})
	return f.nodes[id]
}

// follower returns a node that does not lead.
func (f *fleet) follower() *Raft {
	f.t.Helper()
	leader := f.leader()
	for _, r := range f.nodes {
		if r != leader {
			return r
		}
	}
	f.t.Fatal("there is no follower")
	return nil
}

// equal waits until all nodes that run have applied the same, and compares it.
func (f *fleet) equal() {
	f.t.Helper()
	eventually(f.t, "the same index everywhere", func() bool {
		leader := f.leader()
		for _, r := range f.nodes {
			if r.db.Applied() != leader.raft.LastIndex() {
				return false
			}
		}
		return true
	})
	hashes := map[string]string{}
	for id, r := range f.nodes {
		h, at, err := r.Hash(context.Background())
		if err != nil {
			f.t.Fatal(err)
		}
		hashes[fmt.Sprint(at, " ", h)] = id
	}
	if len(hashes) != 1 {
		f.t.Errorf("states differ: %v", hashes)
	}
}

// do proposes until the node takes it; only a refusal lets it try again.
func (f *fleet) do(r *Raft, op meta.Op) meta.Result {
	f.t.Helper()
	var res meta.Result
	var refused *RefusedError
	err := error(&RefusedError{ErrNoLeader})
	for errors.As(err, &refused) {
		res, err = r.Propose(context.Background(), meta.Command{Op: op})
	}
	if err != nil || res.Err != nil {
		f.t.Fatalf("%T at %s: %v, %v", op, r.o.Node, err, res.Err)
	}
	return res
}

// bucket makes bucket b.
func (f *fleet) bucket() {
	f.t.Helper()
	f.do(f.leader(), meta.CreateBucket{Name: "b", Owner: "alice"})
}

// get reads a key as a client would: "" when it is not there.
func get(ctx context.Context, r *Raft, key string) (string, error) {
	index, err := r.ReadIndex(ctx)
	if err == nil {
		err = r.Wait(ctx, index)
	}
	if err != nil {
		return "", err
	}
	return peek(r, key)
}

// peek reads a node's own state, whatever it is worth.
func peek(r *Raft, key string) (body string, err error) {
	err = r.db.View(context.Background(), func(tx *meta.Tx) error {
		o, err := tx.Object("b", key, "")
		if err == nil {
			err = tx.Body(&o)
		}
		body = string(o.Inline)
		return err
	})
	if errcode.Of(err) == errcode.NoSuchKey {
		return "", nil
	}
	return body, err
}

// want reads a key at every node.
func (f *fleet) want(key, value string) {
	f.t.Helper()
	for id, r := range f.nodes {
		if got, err := get(context.Background(), r, key); err != nil || got != value {
			f.t.Errorf("%s at %s: %q, %v; want %q", key, id, got, err, value)
		}
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
