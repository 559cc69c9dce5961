package meta

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// A volume is a small disk with a database on it and a file that is given up for
// it.
type volume struct {
	t     *testing.T
	dir   string
	calls int // of yield and refuse
}

// newVolume mounts one, or skips the test.
func newVolume(t *testing.T) *volume {
	t.Helper()
	v := &volume{t: t, dir: t.TempDir()}
	if err := unix.Mount("tmpfs", v.dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a full disk needs a volume of its own: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(v.dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	if err := v.take("reserve", 16<<20); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *volume) file(name string) string { return filepath.Join(v.dir, name) }

// take makes a file that takes up room.
func (v *volume) take(name string, size int64) error {
	f, err := os.Create(v.file(name))
	if err != nil {
		return err
	}
	return errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, size), f.Close())
}

// fill leaves that many pages free.
func (v *volume) fill(pages int64) {
	v.t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(v.dir, &s); err != nil {
		v.t.Fatal(err)
	}
	if err := v.take("fill", (int64(s.Bavail)-pages)*s.Bsize); err != nil {
		v.t.Fatal(err)
	}
	if err := v.take("probe", (pages+1)*s.Bsize); !errors.Is(err, syscall.ENOSPC) {
		v.t.Fatalf("the disk is not full: %v", err)
	}
	v.remove("probe")
}

func (v *volume) remove(name string) {
	if err := os.Remove(v.file(name)); err != nil {
		v.t.Error(err)
	}
}

func (v *volume) yield() bool {
	v.calls++
	v.remove("reserve")
	return true
}

func (v *volume) refuse() bool {
	v.calls++
	return false
}

// open opens the database as a node of a cluster does.
func (v *volume) open(full func() bool) *store {
	v.t.Helper()
	return openStore(v.t, Options{Path: v.file("meta.db"), Sync: SyncNormal, Full: full})
}

// onFull are what is applied in one call to a bucket with 20 objects.
var onFull = []struct {
	name string
	ops  func() []Op
}{
	{"an object", func() []Op { return []Op{put("b", "new", "body")} }},
	{"a change of one that counts", func() []Op { return []Op{del("b", "k1"), put("b", "k2", "another body"), put("none", "k", "refused")} }},
	{"buckets", func() []Op { return []Op{enable("b"), mkBucket("c"), put("b", "k3", "a version"), put("c", "k", "x")} }},
	{"more than the cache holds", func() (ops []Op) {
		for i := range 100 {
			ops = append(ops, put("b", fmt.Sprint("large", i), strings.Repeat("x", MaxInline)))
		}
		return append(ops, del("b", "large7"), enable("b"), put("b", "large8", "small"))
	}},
}

func (s *store) begin() {
	s.must(mkBucket("b"))
	for i := range 20 {
		s.must(put("b", fmt.Sprint("k", i), fmt.Sprint("body ", i)))
	}
}

func (s *store) entries(ops []Op) (all []Entry) {
	for _, op := range ops {
		all = append(all, s.entry(op))
	}
	return all
}

func wantSame(t *testing.T, got, want *store) {
	t.Helper()
	g, gotIndex, err1 := got.db.HashAt(context.Background())
	w, wantIndex, err2 := want.db.HashAt(context.Background())
	if err := errors.Join(err1, err2); err != nil || g != w || gotIndex != wantIndex {
		t.Errorf("state %.8s at %d, want %.8s at %d (%v)", g, gotIndex, w, wantIndex, err)
	}
}

// What finds no room is applied when there is some, once and whole; otherwise it
// ends the database, and nothing of it is there.
func TestFullDisk(t *testing.T) {
	for _, tt := range onFull {
		for name, gives := range map[string]bool{"no room": false, "room is made": true} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				want, v := openMemory(t), newVolume(t)
				want.begin()
				full := v.refuse
				if gives {
					full = v.yield
				}
				s := v.open(full)
				s.begin()
				if err := s.db.m.c.script("PRAGMA cache_size = 16"); err != nil {
					t.Fatal(err)
				}
				s.view(func(tx *Tx) error { _, err := tx.Bucket("b"); return err }) // into the cache
				v.fill(0)
				results, err := s.db.Apply(s.entries(tt.ops()))
				if v.calls != 1 {
					t.Errorf("room was asked for %d times", v.calls)
				}
				if gives {
					wanted, err2 := want.db.Apply(want.entries(tt.ops()))
					if err := errors.Join(err, err2, s.db.Err()); err != nil {
						t.Fatal(err)
					}
					if d := cmp.Diff(wanted, results); d != "" {
						t.Errorf("results (-want +got):\n%s", d)
					}
					want.must(put("b", "after", "x"))
					s.must(put("b", "after", "x"))
				} else if s.db.Err() == nil || !strings.Contains(err.Error(), "full") {
					t.Errorf("got %v", err)
				}
				wantSame(t, s, want)
				if err := s.db.Close(); err != nil {
					t.Fatal(err)
				}
				v.remove("fill")
				s = v.open(nil)
				s.stamp = want.stamp
				wantSame(t, s, want)
				s.must(put("b", "last", "x"))
				want.must(put("b", "last", "x"))
				wantSame(t, s, want)
			})
		}
	}
}

// It is tried once more and no more, and only where somebody can make room.
func TestFullDiskThatStaysFull(t *testing.T) {
	v := newVolume(t)
	s := v.open(func() bool { v.calls++; return true })
	s.begin()
	v.fill(0)
	if _, err := s.db.Apply(s.entries(onFull[0].ops())); err == nil || s.db.Err() == nil || v.calls != 1 {
		t.Errorf("got %v; room was asked for %d times", err, v.calls)
	}
}

// A flush is a write, too.
func TestFlushOnAFullDisk(t *testing.T) {
	for _, gives := range []bool{false, true} {
		t.Run(fmt.Sprint(gives), func(t *testing.T) {
			v := newVolume(t)
			full := v.refuse
			if gives {
				full = v.yield
			}
			s := v.open(full)
			s.begin()
			before := s.contents()
			v.fill(0)
			if err := s.db.Flush(); (err == nil) != gives || (s.db.Err() == nil) != gives || v.calls != 1 {
				t.Fatalf("got %v; room was asked for %d times", err, v.calls)
			}
			if !gives {
				return
			}
			if mode, err := pragma(s.db.m.c, "synchronous"); err != nil || mode != 1 {
				t.Errorf("synchronous is %d, %v", mode, err)
			}
			if s.contents() != before {
				t.Error("it has changed the state")
			}
			s.must(put("b", "after", "x"))
		})
	}
}

// The index of the WAL is a file that grows, too.
func TestFullDiskUnderTheIndexOfTheWAL(t *testing.T) {
	const frame, within = 4120, 4062 // bytes of one, frames that the first 32 KiB of the index are for
	want, v := openMemory(t), newVolume(t)
	s := v.open(v.yield)
	s.db.check.mu.Lock() // no checkpoint while the room is measured
	defer s.db.check.mu.Unlock()
	s.begin()
	want.begin()
	frames := func() int64 {
		info, err := os.Stat(v.file("meta.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size() / frame
	}
	n := 0
	grow := func(size int) {
		n++
		op := put("b", fmt.Sprint("n", n), strings.Repeat("x", size))
		s.must(op)
		want.must(op)
	}
	for frames() < within-100 {
		grow(MaxInline)
	}
	for frames() < within-20 {
		grow(1)
	}
	v.fill(within - frames() + 6)
	for v.calls == 0 {
		grow(1)
	}
	if n := frames(); n <= within || n > within+6 {
		t.Errorf("room was asked for at frame %d", n)
	}
	grow(1)
	wantSame(t, s, want)
	copied := t.TempDir()
	for _, name := range []string{"meta.db", "meta.db-wal"} { // as a crash would find them
		b, err := os.ReadFile(v.file(name))
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wantSame(t, openStore(t, Options{Path: filepath.Join(copied, "meta.db"), Sync: SyncNormal}), want)
}

// A checkpoint that finds no room ends nothing: the WAL stays, also when the
// database is closed and opened, and is folded in later.
func TestCheckpointOnAFullDisk(t *testing.T) {
	v := newVolume(t)
	s := v.open(nil)
	s.begin()
	for i := range 100 {
		s.must(put("b", fmt.Sprint("large", i), strings.Repeat("x", MaxInline)))
	}
	digest := func() string {
		h, err := s.db.Hash(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	before := digest()
	v.fill(0)
	fold := func() (bool, error) { return s.db.check.run(s.db.m.c, "PRAGMA wal_checkpoint(RESTART)") }
	s.db.check.since, s.db.check.whole = 0, 1
	if err := s.db.check.wrote(s.db.m.c, 1); err != nil || s.db.check.since != 0 {
		t.Fatal(err)
	}
	if whole, err := fold(); whole || err != nil {
		t.Fatalf("folded: %v, %v", whole, err)
	}
	if digest() != before {
		t.Error("the state is another")
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if s = v.open(nil); digest() != before {
		t.Error("the state is another when it is opened again")
	}
	v.remove("fill")
	if whole, err := fold(); !whole || err != nil {
		t.Errorf("folded: %v, %v", whole, err)
	}
	if info, err := os.Stat(v.file("meta.db")); err != nil || info.Size() < 100*MaxInline || digest() != before {
		t.Errorf("the database has %d bytes, %v", info.Size(), err)
	}
}

// Entries are applied again only where nothing of them is there.
func TestFullDiskAndAnotherState(t *testing.T) {
	v := newVolume(t)
	s := v.open(func() bool {
		v.yield()
		c, err := openConn(dsn(v.file("meta.db"), ""))
		if err == nil {
			err = errors.Join(c.script("UPDATE state SET applied = applied + 1"), c.close())
		}
		if err != nil {
			t.Error(err)
		}
		return true
	})
	s.begin()
	v.fill(0)
	_, err := s.db.Apply(s.entries(onFull[0].ops()))
	if err == nil || s.db.Err() == nil || !strings.Contains(err.Error(), "after a full disk the state is of entry 22, want 21") {
		t.Errorf("got %v", err)
	}
}
