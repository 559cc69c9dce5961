package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// The log is cut neither while an image is read, nor at once when that ends; what
// a leader overrules, or an image, goes in any case, and so does what is too much.
func TestHeldLog(t *testing.T) {
	dir := Dir{Path: t.TempDir()}
	store, err := raftlog.Open(raftlog.Options{Path: dir.log()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i := range uint64(20) {
		if err := store.StoreLog(&raft.Log{Index: i + 1, Term: 1}); err != nil {
			t.Fatal(err)
		}
	}
	l := heldLog{store, dir.files(), dir.log(), &sends{after: time.Hour}}
	want := func(what string, from, to, first, last uint64) {
		t.Helper()
		if err := l.DeleteRange(from, to); err != nil {
			t.Fatal(err)
		}
		f, _ := l.FirstIndex()
		e, _ := l.LastIndex()
		if f != first || e != last {
			t.Errorf("%s: %d to %d are left, want %d to %d", what, f, e, first, last)
		}
	}
	if !l.IsMonotonic() {
		t.Error("raft takes it for another kind of store")
	}
	want("nothing is read", 1, 3, 4, 20)
	one, two := l.sends.begin(), l.sends.begin()
	want("two images are read", 4, 10, 4, 20)
	one()
	one()
	want("one is read", 4, 10, 4, 20)
	want("a conflict", 19, 20, 4, 18)
	two()
	want("none is, since now", 4, 10, 4, 18)
	l.path = filepath.Join(t.TempDir(), "raft.db")
	if f, err := os.Create(l.path); err != nil || f.Truncate(maxHeld+1) != nil || f.Close() != nil {
		t.Fatal(err)
	}
	want("it is large", 4, 10, 11, 18)
	want("an image overrules all", 11, 18, 0, 0)
}

// forget lets the log be cut.
func (s *sends) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.until = 0, time.Time{}
}

// A node catches up by an image also when clients write more, while it travels,
// than the log would reach back.
func TestCatchUpUnderLoad(t *testing.T) {
	t.Parallel()
	f := newStopped(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		c.SnapshotThreshold, c.SnapshotInterval, c.TrailingLogs = 8, 10*time.Millisecond, 4
	}, "a", "b")
	f.mesh = newMesh(t)
	if err := FoundCluster(t.Context(), Dir{Path: f.dirs["a"]}, "a", "a"); err != nil {
		t.Fatal(err)
	}
	l := f.start("a")
	f.bucket()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := l.Propose(ctx, meta.Command{Op: put(fmt.Sprint("k", i%100), fmt.Sprint(i), meta.WriteCondition{})}); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	eventually(t, "the log is cut", func() bool { first, _ := l.store.FirstIndex(); return first > 20 })
	images := 0
	f.net.image = func() {
		images++
		for last := l.raft.LastIndex() + 100; l.raft.LastIndex() < last && ctx.Err() == nil; {
			time.Sleep(time.Millisecond)
		}
	}
	f.start("b")
	f.admit("b")
	if images == 0 {
		t.Error("there was no image")
	}
}
