package disk

import (
	"syscall"
	"time"
)

// A user is who has an inode open, in one life of the disk.
type user struct {
	d    *Disk
	n    *inode
	life *life
	on   *Caller // on whose behalf; nil: nobody's who could die
}

func (u user) do(op Op, run func() error) error { return u.d.do(u, op, run) }

// use makes a user of n. The disk's lock is held.
func (d *Disk) use(n *inode) user {
	n.opens++
	return user{d: d, n: n, life: d.life.Load()}
}

// leave is called once. What is left when the disk has been down is nobody's.
func (u user) leave() {
	u.d.mu.Lock()
	defer u.d.mu.Unlock()
	if !u.d.down && u.life == u.d.life.Load() {
		u.n.opens--
		u.d.release(u.n)
	}
}

// readAt returns less than asked for at the end of the file only.
func (u user) readAt(b []byte, off int64) (n int, err error) {
	err = u.do(Op{Read, len(b)}, func() error {
		if u.n.isDir() {
			return syscall.EISDIR
		}
		n = u.n.readAt(b, off)
		u.d.flip(u.n, b[:n])
		return nil
	})
	return n, err
}

// atEnd is the offset of what is written behind everything.
const atEnd = -1

// writeAt keeps what fits when there is no room for all.
func (u user) writeAt(b []byte, off int64) (n int, err error) {
	err = u.do(Op{Write, len(b)}, func() (err error) {
		if off == atEnd {
			off = u.n.size
		}
		if fits := u.d.fits(u.n); off+int64(len(b)) > fits {
			b, err = b[:max(0, fits-off)], syscall.ENOSPC
		}
		old := u.n.size
		u.n.writeAt(b, off, &u.d.free, u.d.rng)
		u.resized(old)
		n = len(b)
		return err
	})
	return n, err
}

func (u user) resized(old int64) {
	u.d.used += room(u.n.size) - room(old)
	u.n.mtime = time.Now()
}

// truncate makes the file as long as size; what it gains is zeros.
func (u user) truncate(size int64) error {
	return u.do(Op{Kind: Write}, func() error {
		switch {
		case u.n.isDir() || size < 0:
			return syscall.EINVAL
		case size > u.d.fits(u.n):
			return syscall.ENOSPC
		}
		old := u.n.size
		u.n.truncate(size, &u.d.free)
		u.resized(old)
		return nil
	})
}

// sync brings a file to the medium, or a directory.
func (u user) sync() error {
	kind := Sync
	if u.n.isDir() {
		kind = SyncDir
	}
	return u.do(Op{Kind: kind}, func() error {
		switch {
		case u.d.Deaf:
		case kind == SyncDir:
			u.d.syncDir(u.n)
		default:
			u.n.sync(&u.d.free)
		}
		return nil
	})
}
