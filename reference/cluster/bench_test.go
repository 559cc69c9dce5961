package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"bleepstore/reference/meta"
)

// BenchmarkFsync is what the disk can do: append 4 KiB and sync.
func BenchmarkFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut is durable PUTs of 4 KiB by clients that each wait for their
// answer: the goal is 0.6 of clients x the rate of BenchmarkFsync, or 60 us of
// CPU each, whichever is slower.
func BenchmarkPut(b *testing.B) {
	for _, clients := range []int{1, 8, 32, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			db, err := meta.Open(context.Background(), meta.Options{Path: filepath.Join(b.TempDir(), "meta.db"), Sync: meta.SyncFull})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			l := NewLocal(db, LocalOptions{})
			defer l.Close()
			if _, err := l.Propose(context.Background(), meta.Command{Op: meta.CreateBucket{Name: "b", Owner: "alice"}}); err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			body := string(make([]byte, 4096))
			b.SetParallelism(clients) // times GOMAXPROCS
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					op := put(fmt.Sprintf("some/prefix/%08x", uint32(n.Add(1))*2654435761), body, meta.WriteCondition{})
					op.ETag = "d41d8cd98f00b204e9800998ecf8427e"
					if r, err := l.Propose(context.Background(), meta.Command{Op: op}); err != nil || r.Err != nil {
						b.Errorf("%v %v", err, r.Err)
						return
					}
				}
			})
		})
	}
}
