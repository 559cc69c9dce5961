package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault/disk"
	"bleepstore/reference/blob"
)

// A store lives on a disk that takes its time and loses power: who waits for it
// waits in virtual time, what was acknowledged stays, and Close leaves nothing
// open.
func TestLossOfPower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := disk.New(1)
		if err != nil {
			t.Fatal(err)
		}
		d.Cost = func(op disk.Op) time.Duration {
			if op.Kind == disk.Sync || op.Kind == disk.SyncDir {
				return time.Millisecond
			}
			return 0
		}
		if err := d.FS().MkdirAll("/data", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := d.FS().SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		acked := map[blob.ID][]byte{}
		for round := range 4 {
			s, err := Open(context.Background(), Options{Path: "/data/blobs.db", VFS: d.VFS()})
			if err != nil {
				t.Fatal(err)
			}
			s.log.soft, s.log.hard = 1<<20, 2<<20 // checkpoints, beside writers and before them
			for id, want := range acked {
				if got, err := read(s, id); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("round %d: %s has %d bytes, want %d: %v", round, id, len(got), len(want), err)
				}
			}
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					id, body := blob.ID(fmt.Sprintf("%d-%d", round, i)), bytes.Repeat([]byte{byte(i)}, 1+i*104729%(300<<10))
					if _, err := s.Create(context.Background(), id, bytes.NewReader(body), int64(len(body))); err != nil {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					acked[id] = body
					all.Go(func() { _, _ = read(s, id) })
				})
			}
			time.Sleep(time.Duration(5+3*round) * time.Millisecond)
			d.Crash()
			all.Wait()
			_ = s.Close() // its disk is gone
			d.PowerOn()
		}
		if len(acked) < 20 {
			t.Errorf("only %d blobs were acknowledged", len(acked))
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}
