package cluster_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
	"bleepstore/reference/peer"
)

// A node is one of a cluster over TLS, wired as a program would.
type node struct {
	t    *testing.T
	id   string
	dir  string
	port *peer.Port
	raft atomic.Pointer[cluster.Raft]
}

// listen opens the port of a node that is in no cluster yet. Later ports take the
// address of the first.
func listen(t *testing.T, id, dir, addr string) *node {
	t.Helper()
	creds, err := peer.FromSecret([]byte("the secret of these tests"), id)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, id: id, dir: dir}
	await(t, "the port is free", func() bool { // another program's connection may have it for a moment
		n.port, err = peer.Listen(peer.Options{Node: id, Listen: addr, Creds: creds, Book: n.book})
		return !errors.Is(err, syscall.EADDRINUSE)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// book tells where the members are.
func (n *node) book(id string) (string, bool) {
	r := n.raft.Load()
	if r == nil {
		return "", false
	}
	members := r.Members()
	i := slices.IndexFunc(members, func(m cluster.Member) bool { return m.ID == id })
	if i < 0 {
		return "", false
	}
	return members[i].Addr, true
}

// open starts the node's part in a cluster.
func (n *node) open(id string) *cluster.Raft {
	n.t.Helper()
	n.port.SetCluster(id)
	keep := func(node string, term uint64) bool {
		r := n.raft.Load()
		return r != nil && r.Keep(node, term)
	}
	r, err := cluster.OpenRaft(context.Background(), cluster.RaftOptions{
		Dir: n.dir, Cluster: id, Node: n.id, Addr: n.port.Addr(), Log: n.t.Output(),
		Transport: n.port.Transport(keep), Peers: cluster.NewWire(n.port),
		Tune: func(c *raft.Config) {
			c.LogLevel = "ERROR"
			c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
		},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.raft.Store(r)
	n.port.Handle("/", r.Handler())
	return r
}

// close ends the node; closing again does nothing.
func (n *node) close() {
	n.t.Helper()
	if r := n.raft.Load(); r != nil {
		if err := r.Close(); err != nil {
			n.t.Error(err)
		}
	}
	if err := n.port.Close(); err != nil {
		n.t.Error(err)
	}
}

// Nodes that know one address and a secret become a cluster over TLS: they read
// what was acknowledged at any of them, one is at another address after a
// restart, and one that is removed has no part in it any more.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a := listen(t, "a", t.TempDir(), "127.0.0.1:0")
	if err := cluster.FoundCluster(ctx, cluster.Dir{Path: a.dir}, "a", a.port.Addr()); err != nil {
		t.Fatal(err)
	}
	a.open("c1")
	defer a.close()
	nodes := map[string]*node{"a": a}
	for _, id := range []string{"b", "c"} {
		n := listen(t, id, t.TempDir(), "127.0.0.1:0")
		defer func() { nodes[id].close() }()
		nodes[id] = n
		joined, err := cluster.JoinCluster(ctx, n.port, cluster.JoinOptions{Node: id, Addr: n.port.Addr(), Candidates: cluster.Static([]string{a.port.Addr()})})
		if err != nil || joined != "c1" {
			t.Fatalf("%s joined %q, %v", id, joined, err)
		}
		n.open(joined)
	}
	voters := func(r *cluster.Raft) (n int) {
		for _, m := range r.Members() {
			if m.Voter {
				n++
			}
		}
		return n
	}
	await(t, "three voters", func() bool { return voters(a.raft.Load()) == 3 && voters(nodes["c"].raft.Load()) == 3 })
	write(ctx, t, nodes["b"], "1")
	for _, n := range nodes {
		seen(ctx, t, n, "1")
	}

	nodes["b"].close()
	moved := listen(t, "b", nodes["b"].dir, "127.0.0.1:0")
	nodes["b"] = moved
	moved.open("c1")
	write(ctx, t, nodes["c"], "2")
	seen(ctx, t, moved, "2")
	await(t, "the new address is known", func() bool {
		addr, _ := nodes["c"].book("b")
		return addr == moved.port.Addr()
	})
	await(t, "all answer", func() bool {
		return !slices.ContainsFunc(a.raft.Load().Survey(ctx), func(s cluster.NodeStatus) bool { return s.Err != "" || !s.Voter })
	})

	// A wiped node does not come back as who it was, nor one of another cluster.
	moved.close()
	wiped := listen(t, "b", t.TempDir(), moved.port.Addr())
	join := cluster.JoinOptions{Node: "b", Addr: wiped.port.Addr(), Candidates: cluster.Static([]string{a.port.Addr(), nodes["c"].port.Addr()})}
	if joined, err := cluster.JoinCluster(ctx, wiped.port, join); !errors.Is(err, cluster.ErrKnown) {
		t.Errorf("the wiped node: %q, %v", joined, err)
	}
	wiped.port.SetCluster("c2")
	if joined, err := cluster.JoinCluster(ctx, wiped.port, join); !errors.Is(err, cluster.ErrForeign) {
		t.Errorf("a node of another cluster: %q, %v", joined, err)
	}
	wiped.close()
	back := listen(t, "b", moved.dir, moved.port.Addr())
	nodes["b"] = back
	back.open("c1")
	seen(ctx, t, back, "2")

	if err := back.raft.Load().Remove(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	write(ctx, t, back, "3")
	seen(ctx, t, a, "3")
	var refused *cluster.RefusedError
	if index, err := nodes["c"].raft.Load().ReadIndex(ctx); !errors.As(err, &refused) {
		t.Errorf("the removed node reads at %d, %v", index, err)
	}
}

// write has the node take a write, and again while it refuses it.
func write(ctx context.Context, t *testing.T, n *node, name string) {
	t.Helper()
	propose := func() (meta.Result, error) {
		return n.raft.Load().Propose(ctx, meta.Command{Op: meta.CreateBucket{Name: "b" + name, Owner: "alice"}})
	}
	var refused *cluster.RefusedError
	res, err := propose()
	for errors.As(err, &refused) && ctx.Err() == nil {
		res, err = propose()
	}
	if err != nil || res.Err != nil {
		t.Fatalf("write %s at %s: %v, %v", name, n.id, err, res.Err)
	}
}

// seen reads what was written.
func seen(ctx context.Context, t *testing.T, n *node, name string) {
	t.Helper()
	r := n.raft.Load()
	read := func() error {
		index, err := r.ReadIndex(ctx)
		if err == nil {
			err = r.Wait(ctx, index)
		}
		return err
	}
	var refused *cluster.RefusedError
	err := read()
	for errors.As(err, &refused) && ctx.Err() == nil {
		err = read()
	}
	if err == nil {
		err = r.DB().View(ctx, func(tx *meta.Tx) error {
			_, err := tx.Bucket("b" + name)
			return err
		})
	}
	if err != nil {
		t.Errorf("read %s at %s: %v", name, n.id, err)
	}
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
