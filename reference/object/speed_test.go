package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"

	"bleepstore/fault"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
)

func newSpeed(b *testing.B) *Service {
	dir := b.TempDir()
	blobs, err := local.Open(filepath.Join(dir, "blobs"), fault.OS{})
	if err != nil {
		b.Fatal(err)
	}
	db, err := meta.Open(b.Context(), meta.Options{Path: filepath.Join(dir, "meta.db"), Sync: meta.SyncFull})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close(); blobs.Close() })
	s, err := New(b.Context(), Config{Log: cluster.NewLocal(db, cluster.LocalOptions{}), Meta: db, Blobs: blobs})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.CreateBucket(b.Context(), CreateBucketInput{Caller: alice, Name: "bucket"}); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkPut, with -cpu or b.SetParallelism as clients, is durable.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		for _, clients := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("%d/%d", size, clients), func(b *testing.B) {
				s, data := newSpeed(b), pattern(size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var n atomic.Int64
				b.SetParallelism(clients / 2)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						in := PutInput{Caller: alice, Bucket: "bucket", Key: fmt.Sprint("k", n.Add(1)%1000), Body: bodyOf(data)}
						if _, err := s.Put(context.Background(), in); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20, 16 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, data := newSpeed(b), pattern(size)
			if _, err := s.Put(b.Context(), PutInput{Caller: alice, Bucket: "bucket", Key: "k", Body: bodyOf(data)}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.Get(context.Background(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(struct{ io.Writer }{io.Discard}, r.Body); err != nil {
					b.Fatal(err)
				}
				r.Body.Close()
			}
		})
	}
	b.Run("head", func(b *testing.B) {
		s := newSpeed(b)
		if _, err := s.Put(b.Context(), PutInput{Caller: alice, Bucket: "bucket", Key: "k", Body: Body{Reader: bytes.NewReader(nil)}}); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Head(context.Background(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A range costs what has to be fetched and verified of its blob.
func BenchmarkGetRange(b *testing.B) {
	s, data := newSpeed(b), pattern(8<<20)
	if _, err := s.Put(b.Context(), PutInput{Caller: alice, Bucket: "bucket", Key: "k", Body: bodyOf(data)}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := s.Get(context.Background(), GetInput{Caller: alice, Bucket: "bucket", Key: "k", Range: "bytes=4000000-4004095"})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(struct{ io.Writer }{io.Discard}, r.Body); err != nil {
			b.Fatal(err)
		}
		r.Body.Close()
	}
}
