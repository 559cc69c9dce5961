package disk

import (
	"syscall"
	"time"

	"bleepstore/fault"
)

// A Kind is a kind of operation.
type Kind int

// The kinds of operations.
const (
	Look    Kind = iota // open, stat: nothing of the medium
	Read                // of a file or a directory
	Write               // also truncate
	Change              // of a directory: make, remove, rename
	Sync                // of a file
	SyncDir             // of a directory
)

// syncs says whether an operation of the kind waits for the medium.
func (k Kind) syncs() bool { return k == Sync || k == SyncDir }

// An Op is one operation.
type Op struct {
	Kind  Kind
	Bytes int // that are read or written
}

// ailment is what the disk suffers from, until over is closed.
type ailment struct {
	fault.DiskTrouble
	over chan struct{} // closed when the trouble is another, or the disk goes down
}

// A life is the time from when the disk is up until it goes down.
type life struct {
	over chan struct{} // closed when the disk goes down
}

// wait lets an operation take its time, and holds it up while the disk hangs.
// The caller has no lock.
func (d *Disk) wait(op Op) {
	life := d.life.Load()
	var cost time.Duration
	if d.Cost != nil {
		cost = d.Cost(op)
	}
	if a := d.ails.Load(); a != nil && op.Kind.syncs() {
		cost += a.Slow
	}
	if cost > 0 {
		timer := time.NewTimer(cost)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-life.over:
		}
	}
	for a := d.ails.Load(); a != nil && a.Hang && op.Kind >= Write; a = d.ails.Load() {
		select {
		case <-a.over:
		case <-life.over:
			return
		}
	}
}

// do runs one operation of a user who came in the life given; nil: any. n is the
// inode that is concerned, if there is one. What fails does nothing, but that a
// failed sync forgets.
func (d *Disk) do(of *life, n *inode, op Op, run func() error) error {
	if of != nil && of != d.life.Load() {
		return syscall.EIO
	}
	d.wait(op)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down || of != nil && of != d.life.Load() {
		return syscall.EIO
	}
	last := d.cutIn == 1
	d.cutIn = max(0, d.cutIn-1)
	if last && d.rng.IntN(2) == 0 {
		d.crash()
		return syscall.EIO
	}
	err := d.failure(n, op.Kind)
	if err == nil {
		err = run()
	}
	if last { // it was done, and nobody hears of it
		d.crash()
		return syscall.EIO
	}
	return err
}

// failure draws whether an operation fails.
func (d *Disk) failure(n *inode, k Kind) error {
	a := d.ails.Load()
	if a == nil {
		return nil
	}
	switch {
	case k == Read && d.happens(a.FailRead), (k == Write || k == Change) && d.happens(a.FailWrite):
		return syscall.EIO
	case k == Sync && d.happens(a.FailSync):
		n.forget()
		return syscall.EIO
	case k == SyncDir && d.happens(a.FailSync):
		d.forgetDir(n)
		return syscall.EIO
	}
	return nil
}

func (d *Disk) happens(share float64) bool { return share > 0 && d.rng.Float64() < share }

// flip turns one bit of what was read, if the disk ails so.
func (d *Disk) flip(n *inode, b []byte) {
	a := d.ails.Load()
	if a == nil || len(b) == 0 || d.Flips != nil && !d.Flips(n.base) || !d.happens(a.FlipOnRead) {
		return
	}
	b[d.rng.IntN(len(b))] ^= 1 << d.rng.IntN(8)
}

// noRoom says whether nothing new can be made.
func (d *Disk) noRoom() bool {
	a := d.ails.Load()
	return a != nil && a.Full || d.used >= d.Limit
}

// fits is the size that a file can have now.
func (d *Disk) fits(n *inode) int64 {
	if a := d.ails.Load(); a != nil && a.Full {
		return room(n.size)
	}
	return room(n.size) + max(0, d.Limit-d.used)
}
