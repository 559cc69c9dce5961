package meta

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSnapshot(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store{"memory": openMemory, "file": openFile} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.must(mkBucket("b"), put("b", "k", "1"), putBlob("b", "l", "x"))
			path := filepath.Join(t.TempDir(), "a snapshot?.db")
			ctx := context.Background()
			if got, err := s.db.Snapshot(ctx, path); err != nil || got != 3 {
				t.Fatalf("snapshot at %d, %v; want 3", got, err)
			}
			hash := s.hash()
			s.must(put("b", "k", "2"))
			if got, err := s.db.Snapshot(ctx, path); err != nil || got != 4 { // replaces the first
				t.Fatalf("snapshot at %d, %v; want 4", got, err)
			}
			s.must(put("b", "k", "3"))
			s.restored(path, hash)
		})
	}
}

// restored opens the snapshot in memory and as a file, over a database that
// was there and its WAL.
func (s *store) restored(path, notHash string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "meta.db")
	for _, old := range []string{"", "-wal", "-shm"} {
		if err := os.WriteFile(file+old, []byte("old"), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := Restore(path, file); err != nil {
		s.t.Fatal(err)
	}
	for _, o := range []Options{{Path: file, Sync: SyncFull, QuickCheck: true}, {Image: path}} {
		r := openStore(s.t, o)
		if r.db.Applied() != 4 || r.hash() == notHash {
			s.t.Errorf("%+v: restored at %d", o, r.db.Applied())
		}
		r.wantBody("b", "k", "", "2")
		r.must(put("b", "k", "on"))
		r.wantBody("b", "k", "", "on")
	}
}

func TestRestoreRefusesDamage(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"))
	for i := range 50 {
		s.must(put("b", fmt.Sprint("k", i), "some body"))
	}
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	if _, err := s.db.Snapshot(context.Background(), good); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"short": data[:len(data)/2], "flipped": flip(data), "empty": {}} {
		if err := os.WriteFile(bad, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "meta.db")
		if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Restore(bad, file); err == nil {
			t.Errorf("%s: restored", name)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != "old" {
			t.Errorf("%s: the old database is touched: %q, %v", name, got, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.part"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// flip damages every page but the first.
func flip(data []byte) []byte {
	data = slices.Clone(data)
	for i := 4096; i < len(data); i += 64 {
		data[i] ^= 0xff
	}
	return data
}

func TestSnapshotOfMissingDirectory(t *testing.T) {
	s := openMemory(t)
	path := filepath.Join(t.TempDir(), "no", "snapshot")
	if _, err := s.db.Snapshot(context.Background(), path); err == nil {
		t.Error("it was written")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat: %v", err)
	}
	s.must(mkBucket("b")) // the connection is well
}

// Readers and the writer never meet a lock, in memory and with a file, while
// checkpoints and snapshots run; and each View sees one moment.
func TestReadersAndWriter(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store{"memory": openMemory, "file": openFile} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.must(mkBucket("b"), put("b", "x", "0"), put("b", "y", "0"))
			for _, c := range s.conns() { // meeting a lock is an error at once
				if err := c.script("PRAGMA busy_timeout = 0"); err != nil {
					t.Fatal(err)
				}
			}
			ctx := context.Background()
			stop := make(chan struct{})
			var wg sync.WaitGroup
			loop := func(fn func() error) {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if err := fn(); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for range 4 {
				loop(func() error { return s.db.View(ctx, sameBodies) })
			}
			dir := t.TempDir()
			loop(func() error {
				_, err := s.db.Snapshot(ctx, filepath.Join(dir, "snapshot"))
				return err
			})
			if k := s.db.check; k != nil {
				loop(func() error {
					select {
					case k.kick <- struct{}{}:
					default:
					}
					return nil
				})
			}
			for i := range 300 {
				body := fmt.Sprint(i)
				r, err := s.db.Apply([]Entry{s.entry(put("b", "x", body)), s.entry(put("b", "y", body))})
				if err != nil || r[0].Err != nil || r[1].Err != nil {
					t.Errorf("apply: %v %+v", err, r)
					break
				}
			}
			close(stop)
			wg.Wait()
			if err := s.db.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// conns are all connections of a database that nobody uses now.
func (s *store) conns() []*conn {
	conns := []*conn{s.db.m.c}
	for range cap(s.db.readers.slots) {
		c, err := s.db.readers.get(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		defer s.db.readers.put(c)
		conns = append(conns, c)
	}
	return conns
}

// sameBodies reads two keys that are always written together.
func sameBodies(tx *Tx) error {
	var bodies [2]string
	for i, key := range []string{"x", "y"} {
		o, err := tx.Object("b", key, "")
		if err == nil {
			err = tx.Body(&o)
		}
		if err != nil {
			return err
		}
		bodies[i] = string(o.Inline)
	}
	if bodies[0] != bodies[1] {
		return fmt.Errorf("a view sees two moments: %q", bodies)
	}
	return nil
}

// A write that fails is fatal: nothing of it is seen, and nothing more is taken.
func TestFailedWriteBreaksTheDatabase(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"), put("b", "k", "1"))
	if err := s.db.m.c.script("PRAGMA max_page_count = 1"); err != nil { // the disk is full
		t.Fatal(err)
	}
	var failed error
	for i := range 1000 {
		_, err := s.db.Apply([]Entry{s.entry(put("b", fmt.Sprint("k", i), string(make([]byte, 4096))))})
		if failed = err; err != nil {
			break
		}
	}
	var fatal *FatalError
	if !errors.As(failed, &fatal) {
		t.Fatalf("writing to a full disk: %v, want a FatalError", failed)
	}
	if _, err := s.db.Apply([]Entry{s.entry(put("b", "k", "2"))}); !errors.Is(err, failed) {
		t.Errorf("the next write: %v, want %v", err, failed)
	}
	if err := s.db.WaitApplied(context.Background(), s.index); !errors.Is(err, failed) {
		t.Errorf("waiting for it: %v, want %v", err, failed)
	}
	s.wantBody("b", "k", "", "1")
}

// A View ends with its context while it waits for a connection.
func TestViewWaitsForConnection(t *testing.T) {
	s := openMemory(t)
	busy, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for range cap(s.db.readers.slots) {
		wg.Go(func() {
			s.view(func(*Tx) error {
				busy <- struct{}{}
				<-free
				return nil
			})
		})
		<-busy
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.db.View(ctx, func(*Tx) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(free)
	wg.Wait()
}

// The WAL is folded in and begun anew, so that it stays small.
func TestWALIsBounded(t *testing.T) {
	s := openFile(t)
	const limit, slack = 1000, 500 // pages; slack is one transaction
	s.db.check.background, s.db.check.whole = limit/4, limit
	s.must(mkBucket("b"))
	body := string(make([]byte, MaxInline))
	for range 20 {
		var entries []Entry
		for i := range 64 {
			entries = append(entries, s.entry(put("b", fmt.Sprint("k", i), body)))
		}
		if _, err := s.db.Apply(entries); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(s.db.o.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if frames := info.Size() / 4120; frames > limit+slack {
		t.Errorf("the WAL has %d frames, want at most %d", frames, limit+slack)
	}
	if w := s.db.WAL(); w.Bytes <= 0 || w.Frames+w.Pending > limit+slack {
		t.Errorf("reported %+v", w)
	}
}
