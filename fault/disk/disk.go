package disk

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/fault"
)

// DefaultLimit is how many bytes a disk holds unless told otherwise.
const DefaultLimit = 1 << 30

// A Disk is safe for use by many. The exported fields are set before it is used.
type Disk struct {
	// Cost is what an operation takes beside what ails the disk; nil: nothing.
	// It is called, and slept, without a lock.
	Cost func(Op) time.Duration
	// Limit is how much the files may hold together. The disk takes at most
	// twice as much of memory.
	Limit int64
	// Flips says in which files FlipOnRead flips bits, by their last name; nil:
	// in all. SQLite has no checksums of its pages.
	Flips func(base string) bool

	// Deaf disks say that they have synced, and have not: what a program that
	// never syncs has. A test that is to find such a program has to fail on one.
	Deaf bool

	ails atomic.Pointer[ailment]
	life atomic.Pointer[life]

	mu      sync.Mutex
	rng     *rand.Rand
	down    bool
	cutIn   int // power is lost in the operation that finds 1 here
	root    *inode
	journal []change // of directories, that the medium does not know of
	used    int64
	count   Use // its Ops and Syncs
	lastID  uint64
	free    pool

	vfs vfs
}

// New makes an empty disk, with power, and registers an SQLite VFS of its own.
// The seed decides what a loss of power leaves and which operations fail. Whoever
// made it closes it.
func New(seed uint64) (*Disk, error) {
	d := &Disk{Limit: DefaultLimit, rng: rand.New(rand.NewPCG(seed, 0x6469736b))}
	d.root = d.newInode(fs.ModeDir | 0o755)
	d.life.Store(&life{over: make(chan struct{})})
	return d, d.register()
}

// Close takes the VFS away. It fails, and does nothing, while a database on the
// disk is open.
func (d *Disk) Close() error { return d.unregister() }

// Trouble sets what ails the disk from now on; a zero value is health.
func (d *Disk) Trouble(t fault.DiskTrouble) {
	var next *ailment
	if t != (fault.DiskTrouble{}) {
		next = &ailment{t, make(chan struct{})}
	}
	if old := d.ails.Swap(next); old != nil {
		close(old.over)
	}
}

// Crash takes the power away: from now on every operation fails with EIO, those
// that hang too, and what was not synced is forgotten but for a part of it. A
// file that was open is never to be used again, only closed.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crash()
}

// CrashIn lets the power go in the n-th operation from now; it may be done or
// not. 0 takes that back.
func (d *Disk) CrashIn(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutIn = n
}

// Kill is the end of the process that uses the disk, with the power on: like
// Crash, but nothing is forgotten.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
	d.used = 0
	d.each(d.abandon)
}

// PowerOn lets the disk work again after Crash or Kill. Whoever used it before
// is gone.
func (d *Disk) PowerOn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		d.life.Store(&life{over: make(chan struct{})})
		d.down = false
	}
}

// end takes everything away from those who use the disk.
func (d *Disk) end() {
	d.cutIn = 0
	if !d.down {
		d.down = true
		close(d.life.Load().over)
	}
}

func (d *Disk) crash() {
	d.end()
	d.commit(d.rng.IntN(len(d.journal) + 1))
	d.journal = d.journal[:0]
	written := d.rng.Float64() // the share of what was not synced that is there, another in each crash
	d.used = 0
	d.each(func(n *inode) {
		n.names = maps.Clone(n.kept) // before its children are walked
		n.crash(written, &d.free, d.rng)
		d.abandon(n)
	})
}

// abandon takes an inode from those who used it; its names are counted anew.
func (d *Disk) abandon(n *inode) {
	n.locks, n.shm, n.held, n.opens, n.links = nil, nil, nil, 0, 0
	d.used += room(n.size)
}

// each calls fn for every inode that has a name, parents first and in the order
// of names, and counts the names.
func (d *Disk) each(fn func(*inode)) {
	seen := map[*inode]bool{d.root: true}
	var walk func(*inode)
	walk = func(n *inode) {
		fn(n)
		for _, name := range n.sorted() {
			child := n.names[name]
			if !seen[child] { // it has two names when a failed sync has forgotten a rename
				seen[child] = true
				walk(child)
			}
			child.base = name
			child.links++
		}
	}
	walk(d.root)
}
