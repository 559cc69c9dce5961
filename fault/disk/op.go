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

// A Caller is a process on whose behalf an operation runs, which may be killed
// while the disk hangs.
type Caller struct {
	Done  <-chan struct{} // closed when a signal has reached it
	Dying func() bool     // says then whether it ends of that
}

// A waiting caller is asked so often whether it ends.
const askDying = 50 * time.Millisecond

// wait lets an operation take its time, and holds it up while the disk hangs,
// unless its caller dies. The caller has no lock.
func (d *Disk) wait(op Op, life *life, c *Caller) error {
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
		if err := a.hang(life, c); err != nil {
			return err
		}
	}
	return nil
}

// hang returns when the trouble is another, with an error when the disk went
// down or the caller died.
func (a *ailment) hang(life *life, c *Caller) error {
	var killed <-chan struct{}
	if c != nil {
		killed = c.Done
	}
	select {
	case <-a.over:
		return nil
	case <-life.over:
		return syscall.EIO
	case <-killed:
	}
	for !c.Dying() {
		select {
		case <-a.over:
			return nil
		case <-life.over:
			return syscall.EIO
		case <-time.After(askDying):
		}
	}
	return syscall.EINTR
}

// do runs one operation of a user; one of a path has none of his fields. What
// fails does nothing, but that a failed sync forgets.
func (d *Disk) do(u user, op Op, run func() error) error {
	life := d.life.Load()
	if u.life != nil && u.life != life {
		return syscall.EIO
	}
	if err := d.wait(op, life, u.on); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down || life != d.life.Load() {
		return syscall.EIO
	}
	d.count.Ops++
	if op.Kind.syncs() {
		d.count.Syncs++
	}
	last := d.cutIn == 1
	d.cutIn = max(0, d.cutIn-1)
	if last && d.rng.IntN(2) == 0 {
		d.crash()
		return syscall.EIO
	}
	err := d.failure(u.n, op.Kind)
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

// space is the room that is left, and all there is.
func (d *Disk) space() (free, total int64) {
	if d.noRoom() {
		return 0, d.Limit
	}
	return d.Limit - d.used, d.Limit
}
