package raftlog

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// BenchmarkStoreLogs appends the same batches to the store, to raft's store in
// memory and, as plain bytes, to a file that is synced each time, in turn, so
// that the ratios hold on a busy machine: x-append is the time of an append and
// fsync (2: the store takes twice as long), x-memory that of raft's store.
func BenchmarkStoreLogs(b *testing.B) {
	for _, batch := range []int{1, 16, 64} {
		for _, size := range []int{128, 4096} {
			b.Run(fmt.Sprintf("%dx%d", batch, size), func(b *testing.B) { compareAppends(b, batch, size) })
		}
	}
}

func compareAppends(b *testing.B, batch, size int) {
	s := open(b, tempPath(b))
	mem := raft.NewInmemStore()
	f, err := os.Create(tempPath(b))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var next uint64
	var took [3]time.Duration
	for b.Loop() {
		logs := make([]*raft.Log, batch)
		for i := range logs {
			next++
			logs[i] = &raft.Log{Index: next, Term: 1, Data: make([]byte, size), AppendedAt: time.Now()}
		}
		for i, store := range []func([]*raft.Log) error{s.StoreLogs, mem.StoreLogs, func(logs []*raft.Log) error { return appendAndSync(f, logs) }} {
			start := time.Now()
			if err := store(logs); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(start)
		}
		if next%4096 == 0 { // as after a snapshot
			if err := mem.DeleteRange(1, next-1); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(took[0])/float64(took[1]), "x-memory")
	b.ReportMetric(float64(took[0])/float64(took[2]), "x-append")
	b.ReportMetric(float64(took[0].Microseconds())/float64(b.N), "us/batch")
}

func appendAndSync(f *os.File, logs []*raft.Log) error {
	var buf []byte
	for _, l := range logs {
		buf = binary.BigEndian.AppendUint64(buf, l.Index)
		buf = binary.BigEndian.AppendUint64(buf, l.Term)
		buf = append(buf, l.Data...)
	}
	if _, err := f.Write(buf); err != nil {
		return err
	}
	return f.Sync()
}

func BenchmarkGetLog(b *testing.B) {
	s := filled(b, tempPath(b), 1, 10000)
	b.ReportAllocs()
	var l raft.Log
	for i := uint64(0); b.Loop(); i++ {
		if err := s.GetLog(i*7919%10000+1, &l); err != nil {
			b.Fatal(err)
		}
	}
}
