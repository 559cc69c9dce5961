package raftlog

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault/disk"
)

// Writers who wait for one whose sync takes its time wait in virtual time.
func TestWritersWaitInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := disk.New(1)
		if err != nil {
			t.Fatal(err)
		}
		d.Cost = func(op disk.Op) time.Duration {
			if op.Kind == disk.Sync {
				return time.Millisecond
			}
			return 0
		}
		s, err := Open(Options{Path: "/raft.db", VFS: d.VFS()})
		if err != nil {
			t.Fatal(err)
		}
		const rounds = 50
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			for i := range uint64(rounds) {
				if err := s.StoreLog(&raft.Log{Index: i + 1, Term: 1, Data: make([]byte, 1<<10)}); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for i := range uint64(rounds) {
				if err := s.SetUint64([]byte("CurrentTerm"), i); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for i := range uint64(rounds) {
				if err := s.DeleteRange(0, i/2); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() { // beside them
			for range rounds {
				if _, err := s.check.run(s.check.c, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		if took := time.Since(began); took < 2*rounds*time.Millisecond {
			t.Errorf("%d writes took %s: less than their syncs", 2*rounds, took)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}
