package meta

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault/disk"
)

// On a disk that takes its time, who waits for an entry, a copy or another
// database waits in virtual time; and Snapshot and Reload stay on that disk.
func TestWaitsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := snapshotFile(t, "new") // of index 3
		d, err := disk.New(1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // behind the database's own
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		d.Cost = func(op disk.Op) time.Duration {
			if op.Kind == disk.Sync || op.Kind == disk.SyncDir {
				return time.Millisecond
			}
			return 0
		}
		s := openStore(t, Options{Path: "/meta.db", VFS: d.VFS(), FS: d.FS(), Sync: SyncFull, Readers: 2})
		s.must(mkBucket("b"))
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if _, err := s.db.Snapshot(t.Context(), fmt.Sprintf("/copy%d-%d", i, n%2)); err != nil {
						t.Error(err)
					}
					if _, err := s.db.Bucket(t.Context(), "b"); err != nil {
						t.Error(err)
					}
					_ = s.db.WAL()
				}
			})
		}
		s.must(put("b", "k", "old"))
		if moved, err := s.db.Reload(bytes.NewReader(later)); err != nil || !moved {
			t.Fatalf("moved %v, %v", moved, err)
		}
		s.db.check.background, s.db.check.whole = 4, 16 // checkpoints, beside the writer and its own
		s.index = s.db.Applied()
		for i := range 20 {
			s.must(put("b", fmt.Sprint("l", i), "on"))
		}
		stop()
		all.Wait()
		s.wantBody("b", "k", "", "new")
		if took := time.Since(began); took < 20*time.Millisecond {
			t.Errorf("it took %s: less than 20 syncs", took)
		}
		if err := s.db.Flush(); err != nil {
			t.Error(err)
		}
		if n, err := (Volume{FS: d.FS(), VFS: d.VFS()}).Inspect("/copy0-0"); err != nil || n == 0 {
			t.Errorf("a copy is of index %d, %v", n, err)
		}
	})
}
