//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/admin"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/meta"
)

// three starts a cluster of three processes, as bleepstore cluster does.
func three(t *testing.T) *fleet {
	t.Helper()
	p, err := (&clusterCmd{Nodes: 3, Data: t.TempDir(), LogLevel: "warn"}).plan(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return start(t, p)
}

// start starts the cluster of a plan until the test ends.
func start(t *testing.T, p *fleetPlan) *fleet {
	t.Helper()
	said := &notes{}
	f, err := startFleet(t.Context(), p, said)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range f.nodes {
			_ = p.Signal(syscall.SIGCONT) // it may be paused, or gone
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the nodes' parent said:\n%s", said)
			for _, p := range f.nodes {
				t.Logf("%s said:\n%s", p.name, p.Said())
			}
		}
	})
	return f
}

// admin asks a node's admin API.
func (o *ordeal) admin(i int, path string, v any) error {
	text, err := ask(o.t.Context(), o.record.Nodes[i].OpsURL+path, o.record.AdminToken)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// leader waits until all nodes agree on a leader.
func (o *ordeal) leader() (leader int) {
	o.t.Helper()
	eventually(o.t, "the nodes agree on a leader", func() bool {
		var ids []string
		for i := range o.record.Nodes {
			var s admin.Summary
			if o.admin(i, "/admin/cluster/status", &s) != nil || s.Leader == "" || !s.Quorum {
				return false
			}
			ids = append(ids, s.Leader)
		}
		leader = slices.IndexFunc(o.record.Nodes, func(n nodeRecord) bool { return n.ID == ids[0] })
		return len(slices.Compact(ids)) == 1
	})
	return leader
}

func (o *ordeal) signal(i int, s syscall.Signal) {
	o.t.Helper()
	if err := o.nodes[i].Signal(s); err != nil {
		o.t.Fatal(err)
	}
}

// murder ends a process, and returns when that is so.
func (o *ordeal) murder(i int) {
	o.t.Helper()
	o.signal(i, syscall.SIGKILL)
	<-o.nodes[i].Ended()
}

// respawn starts a node again and returns when it is ready.
func (o *ordeal) respawn(i int) {
	o.t.Helper()
	eventually(o.t, "its end is on record", func() bool { return slices.Contains(o.lost(), o.record.Nodes[i].ID) })
	p := o.again(i, o.nodes[i])
	o.watchers.Go(func() { o.watch(i, p) })
	eventually(o.t, "the node is ready again", func() bool { return answers(o.t.Context(), o.record.Nodes[i].OpsURL+"/readyz") == nil })
}

func (o *ordeal) stopped(i int) { o.signal(i, syscall.SIGSTOP) }
func (o *ordeal) woken(i int)   { o.signal(i, syscall.SIGCONT) }

// equal waits until all nodes have applied the same, and returns the digest of
// the state that all of them have.
func (o *ordeal) equal() string {
	o.t.Helper()
	type state struct {
		Applied uint64 `json:"applied"`
		Hash    string `json:"hash"`
	}
	var all [3]state
	o.until("all nodes have applied the same", &all, func() bool {
		for i := range all {
			if o.admin(i, "/admin/cluster/raft/hash", &all[i]) != nil {
				return false
			}
		}
		return all[0].Applied == all[1].Applied && all[0].Applied == all[2].Applied
	})
	if all[0] != all[1] || all[0] != all[2] {
		o.t.Fatalf("nodes that have applied the same differ: %v", all)
	}
	return all[0].Hash
}

// whole waits until every node holds all blobs that it should.
func (o *ordeal) whole() {
	o.t.Helper()
	var s admin.Summary
	o.until("no node misses a blob", &s, func() bool {
		for i := range o.record.Nodes {
			s = admin.Summary{}
			if o.admin(i, "/admin/cluster/status", &s) != nil || s.VotersReachable != 3 ||
				slices.ContainsFunc(s.Nodes, func(n admin.Node) bool { return !n.Blobs.Complete || n.Blobs.Missing > 0 }) {
				return false
			}
		}
		return true
	})
}

// until waits for a condition of what is seen, and tells that where it does not
// come to be.
func (o *ordeal) until(what string, seen any, cond func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(ordealWait); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("not within %s: %s: %+v", ordealWait, what, seen)
		}
	}
}

// readAll reads, when no process runs any more, every blob that the state of a
// node names from that node's own directory, and returns how many they are, and
// what is not there.
func (o *ordeal) readAll() (blobs int, lacking []string) {
	o.t.Helper()
	for i, n := range o.record.Nodes {
		ids, err := named(o.t.Context(), filepath.Join(n.Data, metaName))
		if err != nil {
			o.t.Fatalf("%s: %v", n.ID, err)
		}
		store, err := local.Open(filepath.Join(n.Data, "blobs"), fault.OS{})
		if err != nil {
			o.t.Fatalf("%s: %v", n.ID, err)
		}
		for _, id := range ids {
			if err := readBlob(o.t.Context(), store, blob.ID(id)); err != nil {
				lacking = append(lacking, fmt.Sprintf("%s: blob %s: %v", n.ID, id, err))
			}
		}
		if err := store.Close(); err != nil {
			o.t.Error(err)
		}
		if i == 0 {
			blobs = len(ids)
		}
	}
	return blobs, lacking
}

// named are the blobs that a metadata database names.
func named(ctx context.Context, path string) (ids []string, err error) {
	db, err := meta.Open(ctx, meta.Options{Path: path, Sync: meta.SyncNormal})
	if err != nil {
		return nil, err
	}
	err = db.View(ctx, func(tx *meta.Tx) (err error) {
		ids, err = tx.Blobs("", 1<<20)
		return err
	})
	return ids, errors.Join(err, db.Close())
}

func readBlob(ctx context.Context, store blob.Store, id blob.ID) error {
	r, err := store.Open(ctx, id, 0, -1)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}
