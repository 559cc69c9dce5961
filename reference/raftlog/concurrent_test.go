package raftlog

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"
)

// While one goroutine appends and another compacts, as raft's do, readers find
// every acknowledged entry that was not compacted, whole.
func TestReadWhileAppending(t *testing.T) {
	const entries, trailing = 600, 50
	s := open(t, tempPath(t))
	var acked, cut, reads atomic.Uint64 // cut: up to there entries were asked to go
	var wg sync.WaitGroup
	done := make(chan struct{})
	until := func(fn func() error) {
		wg.Go(func() {
			for {
				select {
				case <-done:
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
	for range 3 {
		until(func() error {
			index := acked.Load()
			if index == 0 {
				return nil
			}
			var l raft.Log
			err := s.GetLog(index, &l)
			if d := diff(made(index, 1), &l); err == nil && d != "" {
				return errors.New(d)
			}
			if errors.Is(err, raft.ErrLogNotFound) && index <= cut.Load() {
				return nil // the reader was that slow
			}
			reads.Add(1)
			return err
		})
	}
	until(func() error {
		first, err1 := s.FirstIndex()
		if last := acked.Load(); last > first+2*trailing {
			cut.Store(last - trailing)
			return errors.Join(err1, s.DeleteRange(first, last-trailing))
		}
		return err1
	})
	for next := uint64(1); next <= entries; next += 5 {
		if err := s.StoreLogs(run(next, next+4, 1)); err != nil {
			t.Fatal(err)
		}
		acked.Store(next + 4)
	}
	close(done)
	wg.Wait()
	if first, _ := s.FirstIndex(); first == 1 || reads.Load() < 100 {
		t.Errorf("too thin: %d reads, the log begins at %d", reads.Load(), first)
	}
}

// The write-ahead log is folded in while appends go on, and begun anew.
func TestWALStaysSmall(t *testing.T) {
	path := tempPath(t)
	s := open(t, path)
	const pages, entry = 3 * writerPages, 128 << 10
	largest := int64(0)
	for i := range uint64(pages * 4096 / entry) {
		if err := s.StoreLog(&raft.Log{Index: i + 1, Data: make([]byte, entry)}); err != nil {
			t.Fatal(err)
		}
		wal, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, wal.Size())
	}
	if limit := int64(writerPages+64) * 4200; largest > limit {
		t.Errorf("the WAL grew to %d bytes, want at most %d", largest, limit)
	}
	db, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if least := int64(2 * writerPages * 4096); db.Size() < least {
		t.Errorf("%d bytes are folded in, want at least %d", db.Size(), least)
	}
}

// A checkpoint that fails ends the store: what it was to sync may be lost.
func TestFailedCheckpointIsFatal(t *testing.T) {
	s := filled(t, tempPath(t), 1, 5)
	s.check.since = writerPages
	if err := s.w.exec("BEGIN IMMEDIATE"); err != nil { // SQLite refuses a checkpoint within a transaction
		t.Fatal(err)
	}
	s.mu.Lock()
	err := s.wrote()
	s.mu.Unlock()
	if err := s.w.exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	wantBroken(t, s, err, "checkpoint: ")
}
