package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/fault/disk"
	"bleepstore/reference/raftlog"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entry is what a log holds at an index, in the try of it.
func entry(index, try uint64) *raft.Log {
	data := make([]byte, 10+index*7919%3000)
	copy(data, fmt.Sprintf("entry %d, try %d", index, try))
	return &raft.Log{Index: index, Term: try, Data: data}
}

// A told log is what a raft log has acknowledged.
type told struct {
	last uint64            // index
	try  map[uint64]uint64 // of each index
	term uint64
}

// The real raft log loses nothing that it has acknowledged, whatever the moment
// at which the power goes, nor in the recovery from that.
func TestRaftLog(t *testing.T) {
	appended := uint64(0)
	for seed := range uint64(20) {
		d, err := disk.New(seed)
		must(t, err)
		must(t, d.FS().MkdirAll("/data", 0o700))
		must(t, d.FS().SyncDir("/"))
		rng := rand.New(rand.NewPCG(seed, 2))
		known := told{try: map[uint64]uint64{}}
		for round := range uint64(4) {
			d.CrashIn(1 + rng.IntN(600))
			writeLog(d, &known, round+1, rng)
			d.Crash()
			d.PowerOn()
			if err := checkLog(d, &known); err != nil {
				t.Fatalf("seed %d, round %d: %v", seed, round, err)
			}
		}
		appended += known.last
		must(t, d.Close())
	}
	if appended < 500 {
		t.Errorf("only %d entries were appended", appended)
	}
}

// writeLog writes until the power goes.
func writeLog(d *disk.Disk, known *told, round uint64, rng *rand.Rand) {
	s, err := raftlog.Open(raftlog.Options{Path: "/data/raft.db", VFS: d.VFS()})
	if err != nil {
		return
	}
	defer s.Close() // it fails: the power is gone
	for {
		var logs []*raft.Log
		for i := range uint64(1 + rng.IntN(4)) {
			logs = append(logs, entry(known.last+1+i, round))
		}
		if s.StoreLogs(logs) != nil {
			return
		}
		for _, l := range logs {
			known.last, known.try[l.Index] = l.Index, round
		}
		if s.SetUint64([]byte("CurrentTerm"), known.term+1) != nil {
			return
		}
		known.term++
	}
}

// checkLog takes what is there beyond what was acknowledged for acknowledged.
func checkLog(d *disk.Disk, known *told) (err error) {
	s, err := raftlog.Open(raftlog.Options{Path: "/data/raft.db", VFS: d.VFS()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	last, err := s.LastIndex()
	if err != nil || last < known.last {
		return fmt.Errorf("the log ends at %d, %d was acknowledged: %w", last, known.last, err)
	}
	for i := uint64(1); i <= last; i++ {
		var l raft.Log
		if err := s.GetLog(i, &l); err != nil {
			return err
		}
		if try := known.try[i]; try != 0 && string(l.Data) != string(entry(i, try).Data) {
			return fmt.Errorf("entry %d is %.20q", i, l.Data)
		}
		known.last, known.try[i] = i, l.Term
	}
	term, err := s.GetUint64([]byte("CurrentTerm"))
	if err != nil && known.term == 0 {
		return nil
	}
	if err != nil || term < known.term || term > known.term+1 {
		return fmt.Errorf("the term is %d, %d was acknowledged: %w", term, known.term, err)
	}
	known.term = term
	return nil
}

// In the mode that raftlog offers to show it, entries are lost: the disk bites.
func TestRaftLogWithoutSync(t *testing.T) {
	lost := 0
	for seed := range uint64(10) {
		d, err := disk.New(seed)
		must(t, err)
		s, err := raftlog.Open(raftlog.Options{Path: "/raft.db", VFS: d.VFS(), Sync: raftlog.SyncNormal})
		must(t, err)
		for i := uint64(1); i <= 50; i++ {
			must(t, s.StoreLog(entry(i, 1)))
		}
		d.Crash()
		_ = s.Close() // it fails: the power is gone
		d.PowerOn()
		s, err = raftlog.Open(raftlog.Options{Path: "/raft.db", VFS: d.VFS(), Sync: raftlog.SyncNormal})
		must(t, err)
		if last, err := s.LastIndex(); err != nil || last < 50 {
			lost++
		}
		must(t, errors.Join(s.Close(), d.Close()))
	}
	if lost == 0 {
		t.Error("nothing was lost")
	}
}

// A commit costs about what it costs on tmpfs.
func BenchmarkRaftLog(b *testing.B) {
	for _, where := range []string{"disk", "tmpfs"} {
		b.Run(where, func(b *testing.B) {
			o := raftlog.Options{Path: "/raft.db"}
			if where == "disk" {
				d, err := disk.New(1)
				must(b, err)
				defer d.Close()
				o.VFS = d.VFS()
			} else {
				dir, err := os.MkdirTemp("/dev/shm", "bleepstore-disk-")
				if err != nil {
					b.Skip(err)
				}
				defer os.RemoveAll(dir)
				o.Path = filepath.Join(dir, "raft.db")
			}
			s, err := raftlog.Open(o)
			must(b, err)
			defer s.Close()
			data := make([]byte, 500)
			b.ReportAllocs()
			for i := uint64(1); b.Loop(); i++ {
				must(b, s.StoreLog(&raft.Log{Index: i, Term: 1, Data: data}))
			}
		})
	}
}

var _ fault.FS = disk.FS{}
