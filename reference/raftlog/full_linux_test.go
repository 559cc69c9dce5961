package raftlog

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hashicorp/raft"
	"golang.org/x/sys/unix"
)

// A volume is a small disk with a store on it and a file that is given up for
// it.
type volume struct {
	t     *testing.T
	dir   string
	calls int // of yield
}

// newVolume mounts one, or skips the test.
func newVolume(t *testing.T) *volume {
	t.Helper()
	v := &volume{t: t, dir: t.TempDir()}
	if err := unix.Mount("tmpfs", v.dir, "tmpfs", 0, "size=48m"); err != nil {
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

// take makes a file that takes up room.
func (v *volume) take(name string, size int64) error {
	f, err := os.Create(v.file(name))
	if err != nil {
		return err
	}
	return errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, size), f.Close())
}

func (v *volume) file(name string) string { return filepath.Join(v.dir, name) }

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

func (v *volume) open(full func() bool) *Store {
	v.t.Helper()
	s, err := Open(Options{Path: v.file("raft.db"), Full: full})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			v.t.Error(err)
		}
	})
	return s
}

// large are entries that do not fit in the cache of the writer, so that SQLite
// writes to the disk, and fails, in the midst of the transaction.
func large(first uint64) (logs []*raft.Log) {
	for i := range uint64(12) {
		logs = append(logs, &raft.Log{Index: first + i, Term: 2, Data: make([]byte, 512<<10)})
	}
	return logs
}

// onFull are writes to a store that has the entries 1 to 20 of term 1.
var onFull = []struct {
	name        string
	do          func(s *Store) error
	first, last uint64 // of the log afterwards
	term, vote  uint64
}{
	{"an entry", func(s *Store) error { return s.StoreLog(made(21, 1)) }, 1, 21, 0, 0},
	{"a batch", func(s *Store) error { return s.StoreLogs(run(21, 120, 1)) }, 1, 120, 0, 0},
	{"a large batch", func(s *Store) error { return s.StoreLogs(large(21)) }, 1, 32, 0, 0},
	{"a term", func(s *Store) error { return s.SetUint64([]byte("CurrentTerm"), 7) }, 1, 20, 7, 0},
	{"a vote", func(s *Store) error {
		if err := s.SetUint64([]byte(keyVoteTerm), 8); err != nil {
			return err
		}
		return s.Set([]byte(keyVoteCand), []byte("x"))
	}, 1, 20, 0, 8},
	{"a deletion", func(s *Store) error { return s.DeleteRange(1, 15) }, 16, 20, 0, 0},
}

func wantState(t *testing.T, s *Store, first, last, term, vote uint64) {
	t.Helper()
	wantEnds(t, s, first, last)
	for i := first; i <= last; i++ {
		if err := s.GetLog(i, new(raft.Log)); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	for key, want := range map[string]uint64{"CurrentTerm": term, keyVoteTerm: vote} {
		if got, err := s.GetUint64([]byte(key)); got != want || (err == nil) != (want != 0) {
			t.Errorf("%s is %d, %v, want %d", key, got, err, want)
		}
	}
}

// A write that finds no room is done when there is some, once; otherwise it ends
// the store, and is not there.
func TestFullDisk(t *testing.T) {
	for _, tt := range onFull {
		for name, gives := range map[string]bool{"no room": false, "room is made": true} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				v := newVolume(t)
				full := func() bool { v.calls++; return false }
				if gives {
					full = v.yield
				}
				s := v.open(full)
				if err := s.StoreLogs(run(1, 20, 1)); err != nil {
					t.Fatal(err)
				}
				v.fill(0)
				err := tt.do(s)
				if v.calls != 1 {
					t.Errorf("room was asked for %d times", v.calls)
				}
				want := tt
				if gives {
					if err != nil || s.Err() != nil {
						t.Fatal(err, s.Err())
					}
					wantState(t, s, want.first, want.last, want.term, want.vote)
				} else {
					wantBroken(t, s, err, "full")
					want.first, want.last, want.term, want.vote = 1, 20, 0, 0
				}
				closed(t, s)
				v.remove("fill")
				s = v.open(nil)
				wantState(t, s, want.first, want.last, want.term, want.vote)
				if err := s.StoreLog(made(want.last+1, 3)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// It is tried once more and no more, and only where somebody can make room.
func TestFullDiskThatStaysFull(t *testing.T) {
	v := newVolume(t)
	s := v.open(func() bool { v.calls++; return true })
	v.fill(0)
	wantBroken(t, s, s.StoreLog(made(1, 1)), "full")
	if v.calls != 1 {
		t.Errorf("room was asked for %d times", v.calls)
	}
	closed(t, s)
	v.remove("fill")
	s = v.open(nil)
	v.fill(0)
	wantBroken(t, s, s.StoreLog(made(1, 1)), "full")
}

// The index of the WAL is a file that grows, too, when the transaction is in the
// WAL already, whole and synced.
func TestFullDiskUnderTheIndexOfTheWAL(t *testing.T) {
	const frame, within = 4120, 4062 // bytes of one, frames that the first 32 KiB of the index are for
	v := newVolume(t)
	s := v.open(v.yield)
	s.check.mu.Lock() // no checkpoint while the room is measured
	defer s.check.mu.Unlock()
	frames := func() int64 {
		info, err := os.Stat(v.file("raft.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size() / frame
	}
	next := uint64(1)
	grow := func(size int) {
		if err := s.StoreLog(&raft.Log{Index: next, Term: 1, Data: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
		next++
	}
	for frames() < within-100 {
		grow(64 << 10)
	}
	for frames() < within-20 {
		grow(100)
	}
	v.fill(within - frames() + 5)
	for v.calls == 0 {
		grow(100)
	}
	if n := frames(); n <= within || n > within+5 {
		t.Errorf("room was asked for at frame %d", n)
	}
	grow(100)
	wantState(t, s, 1, next-1, 0, 0)
	copied := t.TempDir()
	for _, name := range []string{"raft.db", "raft.db-wal"} { // as a crash would find them
		write(t, filepath.Join(copied, name), read(t, v.file(name)))
	}
	wantState(t, open(t, filepath.Join(copied, "raft.db")), 1, next-1, 0, 0)
}

// A checkpoint that finds no room ends nothing: the WAL stays, also when the
// store is closed and opened, and is folded in later.
func TestCheckpointOnAFullDisk(t *testing.T) {
	v := newVolume(t)
	s := v.open(nil)
	if err := s.StoreLogs(large(1)[:6]); err != nil { // not enough for the background
		t.Fatal(err)
	}
	before := len(read(t, v.file("raft.db")))
	v.fill(0)
	fold := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.check.since = writerPages
		return s.wrote()
	}
	if err := errors.Join(fold(), s.Err()); err != nil {
		t.Fatal(err)
	}
	if whole, err := s.check.run(s.check.c, "PRAGMA wal_checkpoint(PASSIVE)"); whole || err != nil {
		t.Errorf("folded: %v, %v", whole, err)
	}
	wantState(t, s, 1, 6, 0, 0)
	closed(t, s)
	s = v.open(nil)
	wantState(t, s, 1, 6, 0, 0)
	v.remove("fill")
	if err := fold(); err != nil {
		t.Fatal(err)
	}
	if after := len(read(t, v.file("raft.db"))); after < before+6*(512<<10) {
		t.Errorf("the database has %d bytes, and had %d", after, before)
	}
	wantState(t, s, 1, 6, 0, 0)
}

// A write is tried again only where nothing of it is there and nothing else has
// changed.
func TestFullDiskAndAnotherLog(t *testing.T) {
	for name, sql := range map[string]string{
		"it is there": `INSERT INTO raft_log SELECT "index" + 1, term, type, data, extensions, appended_at, sum FROM raft_log WHERE "index" = 10`,
		"one is gone": `DELETE FROM raft_log WHERE "index" = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			v := newVolume(t)
			s := v.open(func() bool {
				v.yield()
				script(t, v.file("raft.db"), sql)
				return true
			})
			if err := s.StoreLogs(run(1, 10, 1)); err != nil {
				t.Fatal(err)
			}
			v.fill(0)
			wantBroken(t, s, s.StoreLog(made(11, 1)), "after a full disk the log is ")
		})
	}
}
