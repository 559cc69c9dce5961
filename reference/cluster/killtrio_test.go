package cluster

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// openTrio opens nodes a, b and c below dir.
func openTrio(n *network, dir string, tune func(*raft.Config)) (nodes []*Raft, err error) {
	boot := raft.Configuration{}
	for _, id := range []string{"a", "b", "c"} {
		boot.Servers = append(boot.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	for _, s := range boot.Servers {
		id := string(s.ID)
		o := RaftOptions{
			Dir: filepath.Join(dir, id), Cluster: "test", Node: id, Transport: n.attach(id, id), Peers: &wires{n, id},
			Bootstrap: &boot, Tune: tune, ProposeTimeout: 20 * time.Second,
		}
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nodes, err
		}
		r, err := OpenRaft(context.Background(), o)
		if err != nil {
			return nodes, err
		}
		n.join(id, r)
		nodes = append(nodes, r)
	}
	return nodes, nil
}

// makeBucket makes b, if it is not there.
func makeBucket(r *Raft) error {
	res, err := r.Propose(context.Background(), meta.Command{Op: meta.CreateBucket{Name: "b", Owner: "alice"}})
	if err == nil && res.Err != nil && res.Err.Code != errcode.BucketAlreadyOwnedByYou {
		err = res.Err
	}
	return err
}

// often cuts the log often, and short.
func often(c *raft.Config) {
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	c.SnapshotThreshold, c.SnapshotInterval, c.TrailingLogs = 8, 10*time.Millisecond, 4
}

// writeTrio writes to three nodes that cut their logs all the time.
func writeTrio(dir string) error {
	nodes, err := openTrio(newNetwork(), dir, often)
	if err != nil {
		return err
	}
	if err := makeBucket(nodes[0]); err != nil {
		return err
	}
	return writeTo(nodes[0], nodes[1], nodes[2])
}

// What three nodes have acknowledged before all are killed, wherever they are
// in cutting their logs, is there afterwards, and equal on all.
func TestKilledTrioKeepsItsWord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked, refused := map[string]bool{}, map[string]bool{}
	for round := range 4 {
		kill(t, trioEnv+"="+dir, 60*(round+1), acked, refused)
		f := &fleet{t: t, net: newNetwork(), ids: []string{"a", "b", "c"}, dirs: map[string]string{}, addrs: map[string]string{"a": "a", "b": "b", "c": "c"}, nodes: map[string]*Raft{}}
		f.tune = func(_ string, _ *RaftOptions, c *raft.Config) { often(c) }
		for _, id := range f.ids {
			f.dirs[id] = filepath.Join(dir, id)
			f.start(id)
		}
		r := f.leader()
		for key := range acked {
			if got, err := get(context.Background(), r, key); err != nil || got != key {
				t.Errorf("round %d: acknowledged %s reads %q, %v", round, key, got, err)
			}
		}
		for key := range refused {
			if got, err := peek(r, key); err != nil || got != "" {
				t.Errorf("round %d: refused %s reads %q, %v", round, key, got, err)
			}
		}
		f.equal()
		cut := false
		for _, id := range f.ids {
			first, _ := f.nodes[id].store.FirstIndex()
			cut = cut || first > 1
			f.stop(id)
		}
		if !cut {
			t.Errorf("round %d: no log was cut", round)
		}
	}
	if len(acked) < 100 || len(refused) < 10 {
		t.Errorf("too thin: %d acknowledged, %d refused", len(acked), len(refused))
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	f := &fleet{t: t, net: newNetwork(), ids: []string{"a"}, dirs: map[string]string{"a": t.TempDir()}}
	for name, change := range map[string]func(o *RaftOptions){
		"no directory":          func(o *RaftOptions) { o.Dir = "" },
		"no cluster":            func(o *RaftOptions) { o.Cluster = "" },
		"no node":               func(o *RaftOptions) { o.Node = "" },
		"no transport":          func(o *RaftOptions) { o.Transport = nil },
		"no peers":              func(o *RaftOptions) { o.Peers = nil },
		"a later state version": func(o *RaftOptions) { o.StateVersion = meta.StateVersion + 1 },
		"no such directory":     func(o *RaftOptions) { o.Dir = filepath.Join(o.Dir, "no", "such") },
		"a bad configuration":   func(o *RaftOptions) { o.Tune = func(c *raft.Config) { c.HeartbeatTimeout = 0 } },
	} {
		o := f.options("a")
		_, o.Transport = raft.NewInmemTransport("a")
		change(&o)
		if r, err := OpenRaft(context.Background(), o); err == nil {
			t.Errorf("%s: it was opened, %v", name, r.Close())
		}
	}
}
