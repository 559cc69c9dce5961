package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"bleepstore/reference/blob"
)

// Bench measures Create and Open of small and large blobs, from several
// goroutines. Only the ratio of two stores measured in one run means anything.
func Bench(b *testing.B, open func(b *testing.B) blob.Store) {
	for _, size := range []int{32 << 10, mib, 16 * mib} {
		data := content("bench", size)
		s := open(b)
		b.Run(fmt.Sprintf("create/%dKiB", size>>10), func(b *testing.B) {
			var n atomic.Int64
			inParallel(b, size, func() error {
				id := blob.ID(fmt.Sprintf("%d-%d-%d", size, b.N, n.Add(1)))
				if _, err := s.Create(b.Context(), id, bytes.NewReader(data), int64(size)); err != nil {
					return err
				}
				return s.Delete(b.Context(), id)
			})
		})
		create(b, s, "one", data)
		b.Run(fmt.Sprintf("read/%dKiB", size>>10), func(b *testing.B) {
			inParallel(b, size, func() error {
				r, err := s.Open(b.Context(), "one", 0, -1)
				if err != nil {
					return err
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					return err
				}
				return r.Close()
			})
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func inParallel(b *testing.B, size int, fn func() error) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
