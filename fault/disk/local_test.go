package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"bleepstore/fault/disk"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/local"
)

// The store of blobs in files works on the disk as on any other.
func TestLocal(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		d, err := disk.New(1)
		must(t, err)
		t.Cleanup(func() { must(t, d.Close()) })
		s, err := local.Open("/data/blobs", d.FS())
		must(t, err)
		return s
	}, "slow clients") // which takes its time, whatever the disk
}

// What became of the blobs that were written.
type shelf struct {
	mu    sync.Mutex
	acked map[blob.ID]bool
	tried map[blob.ID][]byte
}

// The real store of blobs in files loses nothing that it has acknowledged, and
// never has other bytes, whatever the moment at which the power goes.
func TestLocalCrash(t *testing.T) {
	kept, cut := 0, 0
	for seed := range uint64(60) {
		d, err := disk.New(seed)
		must(t, err)
		rng := rand.New(rand.NewPCG(seed, 3))
		known := shelf{acked: map[blob.ID]bool{}, tried: map[blob.ID][]byte{}}
		for round := range 3 {
			d.CrashIn(1 + rng.IntN(800))
			known.fill(d, seed, round)
			d.Crash()
			d.PowerOn()
			k, c, err := known.check(d)
			if err != nil {
				t.Fatalf("seed %d, round %d: %v", seed, round, err)
			}
			kept, cut = kept+k, cut+c
		}
		must(t, d.Close())
	}
	if kept < 500 || cut < 50 {
		t.Errorf("%d blobs were there and %d were not: too few to tell", kept, cut)
	}
}

// fill creates blobs until the power goes.
func (s *shelf) fill(d *disk.Disk, seed uint64, round int) {
	store, err := local.Open("/data/blobs", d.FS())
	if err != nil {
		return
	}
	defer store.Close()
	var all sync.WaitGroup
	for w := range 3 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for i := 0; ; i++ {
				id := blob.ID(fmt.Sprintf("%d-%d-%d", round, w, i))
				data := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(20_000))
				s.mu.Lock()
				s.tried[id] = data
				s.mu.Unlock()
				if _, err := store.Create(context.Background(), id, bytes.NewReader(data), int64(len(data))); err != nil {
					return
				}
				s.mu.Lock()
				s.acked[id] = true
				s.mu.Unlock()
			}
		})
	}
	all.Wait()
}

// check tells how many blobs are there and how many are not.
func (s *shelf) check(d *disk.Disk) (kept, cut int, err error) {
	store, err := local.Open("/data/blobs", d.FS())
	if err != nil {
		return 0, 0, err
	}
	defer store.Close()
	for id, data := range s.tried {
		got, err := read(store, id)
		switch {
		case err == nil && !bytes.Equal(got, data):
			return 0, 0, fmt.Errorf("%s has other bytes", id)
		case err == nil:
			kept++
		case s.acked[id]:
			return 0, 0, fmt.Errorf("%s was acknowledged, and now: %w", id, err)
		case !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrCorrupt):
			return 0, 0, fmt.Errorf("%s: %w", id, err)
		default:
			cut++
		}
	}
	return kept, cut, nil
}

func read(s *local.Store, id blob.ID) ([]byte, error) {
	r, err := s.Open(context.Background(), id, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// On a disk that does not sync blobs are lost: the test above can fail.
func TestLocalWithoutSync(t *testing.T) {
	lost := 0
	for seed := range uint64(10) {
		d, err := disk.New(seed)
		must(t, err)
		d.Deaf = true
		known := shelf{acked: map[blob.ID]bool{}, tried: map[blob.ID][]byte{}}
		d.CrashIn(300)
		known.fill(d, seed, 0)
		d.Crash()
		d.PowerOn()
		if _, _, err := known.check(d); err != nil {
			lost++
		}
		must(t, d.Close())
	}
	if lost < 5 {
		t.Errorf("something was lost on %d of 10 disks", lost)
	}
}
