package reference_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/disk"
	"bleepstore/reference"
)

// A rack is a bubble whose nodes have disks that lose power, and take a
// millisecond for a sync.
type rack struct {
	*bubble
	disks []*disk.Disk
	acked map[string][]byte
}

func newRack(t *testing.T, n int, backend string) *rack {
	r := &rack{acked: map[string][]byte{}}
	for i := range n {
		d, err := disk.New(uint64(i + 1))
		if err != nil {
			t.Fatal(err)
		}
		d.Cost = func(op disk.Op) time.Duration {
			if op.Kind == disk.Sync || op.Kind == disk.SyncDir {
				return time.Millisecond
			}
			return 0
		}
		r.disks = append(r.disks, d)
	}
	r.bubble = newBubble(t, n, func(i int, c *reference.Config) {
		c.Dir, c.Backend, c.FS, c.VFS, c.Reserve = "/data", backend, r.disks[i].FS(), r.disks[i].VFS(), 1<<20
		if c.Cluster != nil {
			c.Cluster.TrailingLogs = 2
		}
	})
	return r
}

func (r *rack) close() {
	r.bubble.close()
	for i, d := range r.disks {
		if err := d.Close(); err != nil {
			r.t.Errorf("disk of node %d: %v", i, err)
		}
	}
}

// write puts objects, many at a time, by the nodes that run.
func (r *rack) write(prefix string, n int) {
	r.t.Helper()
	var running []int
	for i, s := range r.nodes {
		if s != nil {
			running = append(running, i)
		}
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			key, body := fmt.Sprint(prefix, i), bytes.Repeat([]byte{byte(i)}, 1+i*7919%(100<<10)) // inline, and blobs
			err := r.put(running[i%len(running)], key, body)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				r.acked[key] = body
			}
		})
	}
	all.Wait()
}

// check reads all that was acknowledged from every node.
func (r *rack) check(when string) {
	r.t.Helper()
	for i := range r.nodes {
		for key, want := range r.acked {
			if got, err := r.get(i, key); err != nil || !bytes.Equal(got, want) {
				r.t.Errorf("%s: node %d has %d bytes of %s, want %d: %v", when, i, len(got), key, len(want), err)
			}
		}
	}
}

// cutLogs has the nodes that run snapshot their state, once nobody holds their
// logs any more for having been sent an image.
func (r *rack) cutLogs() {
	r.t.Helper()
	time.Sleep(10 * time.Second)
	for i, s := range r.nodes {
		if s == nil {
			continue
		}
		if err := s.Cluster().Raft().Snapshot(r.t.Context()); err != nil {
			r.t.Errorf("snapshot of node %d: %v", i, err)
		}
	}
}

func (r *rack) restart(i int) {
	r.t.Helper()
	r.open(i)
	r.await("the node serves", r.nodes[i].Ready)
}

// A server and the nodes of a cluster live on a disk that loses power: what they
// have acknowledged is still there, whatever they were doing, though others had
// to wait for it in virtual time.
func TestLossOfPower(t *testing.T) {
	for _, backend := range []string{reference.Local, reference.SQLite} {
		for _, n := range []int{1, 3} {
			t.Run(fmt.Sprint(backend, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var images atomic.Int64
					defer fault.WatchPoints(func(point string) {
						if point == "state.removed" {
							images.Add(1)
						}
					})()
					r := newRack(t, n, backend)
					r.start()
					defer r.close()
					r.makeBucket()
					r.write("before", 10)
					for i := range n {
						var all sync.WaitGroup
						all.Go(func() { r.write(fmt.Sprint("while", i), 16) })
						time.Sleep(time.Duration(20+i) * time.Millisecond)
						r.disks[i].Crash()
						all.Wait()
						r.kill(i)
						r.disks[i].PowerOn()
						if n > 1 {
							for batch := range 6 {
								r.write(fmt.Sprint("down", i, batch), 3)
							}
							r.cutLogs() // it comes back to an image
						}
						r.restart(i)
						r.check(fmt.Sprint("after the loss of node ", i))
					}
					if len(r.acked) < 10+n*4 {
						t.Errorf("only %d objects were acknowledged", len(r.acked))
					}
					if n > 1 && images.Load() < 3 {
						t.Errorf("%d nodes have come back to an image of another, want 3", images.Load())
					}
				})
			})
		}
	}
}

// All of them at once, and nobody has written anything since: what each node
// mends itself is all that there is.
func TestLossOfAllPower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t, 3, reference.Local)
		r.start()
		defer r.close()
		r.makeBucket()
		for round := range 3 {
			r.write(fmt.Sprint("round", round), 12)
			for _, d := range r.disks {
				d.Crash()
			}
			for i := range r.nodes {
				r.kill(i)
				r.disks[i].PowerOn()
			}
			r.start()
			r.check(fmt.Sprint("after round ", round))
		}
	})
}

// Nothing of a server whose disk is given is anywhere else, and nobody else can
// use the disk meanwhile.
func TestDiskIsAllThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t, 1, reference.Local)
		r.start()
		defer r.close()
		r.makeBucket()
		r.write("object", 10)
		if _, err := reference.Open(t.Context(), r.config(0)); err == nil {
			t.Error("a second server has opened the directory")
		}
		var names []string
		entries, err := r.disks[0].FS().ReadDir("/data")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got, want := fmt.Sprint(names), "[blobs id lock meta.db meta.db-shm meta.db-wal reserve]"; got != want && got != "[blobs id lock meta.db meta.db-wal reserve]" {
			t.Errorf("the disk holds %s, want %s", got, want)
		}
	})
}

// A backup of a server on a disk of its own fills another.
func TestBackupOfADisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t, 1, reference.Local)
		r.start()
		defer r.close()
		r.makeBucket()
		r.write("object", 20)
		var backup bytes.Buffer
		if err := r.nodes[0].Backup(t.Context(), &backup); err != nil {
			t.Fatal(err)
		}
		r.kill(0)
		if _, err := reference.Backup(context.Background(), r.config(0), &bytes.Buffer{}); err != nil {
			t.Errorf("backup of a directory that nobody uses: %v", err)
		}
		empty, err := disk.New(7)
		if err != nil {
			t.Fatal(err)
		}
		used := r.disks[0]
		r.disks[0] = empty
		if _, err := reference.Restore(t.Context(), r.config(0), &backup); err != nil {
			t.Fatal(err)
		}
		empty.Crash() // it is durable
		empty.PowerOn()
		r.restart(0)
		r.check("restored")
		if err := used.Close(); err != nil {
			t.Error(err)
		}
	})
}
