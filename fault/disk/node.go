package disk

import (
	"io/fs"
	"time"
)

// A Node is a file or a directory by itself, whatever names it has, for who
// makes a file system of a disk. It belongs to the life of the disk in which its
// root was asked for: afterwards everything fails with EIO. Errors are plain
// syscall.Errno.
type Node struct{ user }

// Root is the root directory in the life of the disk that there is now.
func (d *Disk) Root() *Node { return &Node{user{d: d, n: d.root, life: d.life.Load()}} }

// For is the node for one operation on behalf of a caller.
func (n *Node) For(c *Caller) *Node {
	u := n.user
	u.on = c
	return &Node{u}
}

// ID is the same for the same file, and another's never.
func (n *Node) ID() uint64 { return n.n.id }

// IsDir tells a directory from a file.
func (n *Node) IsDir() bool { return n.n.isDir() }

// Info is what is known of it now.
func (n *Node) Info() (i fs.FileInfo, err error) {
	err = n.do(Op{Kind: Look}, func() error {
		i = n.n.info()
		return nil
	})
	return i, err
}

// Lookup is what a directory has under a name.
func (n *Node) Lookup(name string) (child *Node, err error) {
	err = n.do(Op{Kind: Look}, func() error {
		c, err := n.n.child(name)
		child = &Node{user{d: n.d, n: c, life: n.life}}
		return err
	})
	return child, err
}

// List is what a directory holds, sorted by name.
func (n *Node) List() (entries []fs.DirEntry, ids []uint64, err error) {
	err = n.do(Op{Kind: Read}, func() error {
		for _, name := range n.n.sorted() {
			child := n.n.names[name]
			i := child.info()
			i.base = name
			entries, ids = append(entries, fs.FileInfoToDirEntry(i)), append(ids, child.id)
		}
		return nil
	})
	return entries, ids, err
}

// Create makes a file or a directory, as mode says.
func (n *Node) Create(name string, mode fs.FileMode) (child *Node, err error) {
	err = n.do(Op{Kind: Change}, func() error {
		c, err := n.d.make(n.n, name, mode)
		child = &Node{user{d: n.d, n: c, life: n.life}}
		return err
	})
	return child, err
}

// Link gives a file a name more.
func (n *Node) Link(name string, to *Node) error {
	return n.do(Op{Kind: Change}, func() error {
		if err := n.d.mayName(n.n, name); err != nil {
			return err
		}
		n.d.apply(edit{n.n, name, to.n})
		return nil
	})
}

// Remove removes a file, or a directory that is empty.
func (n *Node) Remove(name string) error {
	return n.do(Op{Kind: Change}, func() error { return n.d.unlink(n.n, name) })
}

// Rename is rename(2).
func (n *Node) Rename(name string, to *Node, newName string) error {
	return n.do(Op{Kind: Change}, func() error { return n.d.rename(n.n, name, to.n, newName) })
}

// Open keeps the room of a file taken when its last name is gone, until Close.
func (n *Node) Open() {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	n.n.opens++
}

// Close is called once for each Open.
func (n *Node) Close() { n.leave() }

// ReadAt reads less than b holds at the end of the file only, without an error.
func (n *Node) ReadAt(b []byte, off int64) (int, error) { return n.readAt(b, off) }

// WriteAt writes what there is room for.
func (n *Node) WriteAt(b []byte, off int64) (int, error) { return n.writeAt(b, off) }

// Truncate sets the size.
func (n *Node) Truncate(size int64) error { return n.truncate(size) }

// Sync brings a file or a directory to the medium.
func (n *Node) Sync() error { return n.sync() }

// SetMode sets the permissions, and SetTime when it was changed last. Both last
// over any crash: nothing depends on them.
func (n *Node) SetMode(mode fs.FileMode) error {
	return n.do(Op{Kind: Change}, func() error {
		n.n.mode = n.n.mode.Type() | mode.Perm()
		return nil
	})
}

// SetTime sets the time of the last change.
func (n *Node) SetTime(t time.Time) error {
	return n.do(Op{Kind: Change}, func() error {
		n.n.mtime = t
		return nil
	})
}

// Use says how many bytes the files hold, and how many operations there were.
type Use struct {
	Used  int64  `json:"used"`
	Limit int64  `json:"limit"`
	Ops   uint64 `json:"ops"`
	Syncs uint64 `json:"syncs"`
}

// Use tells what the disk is used for; it works without power, too.
func (d *Disk) Use() Use {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.count
	u.Used, u.Limit = d.used, d.Limit
	return u
}

// Space is the room that is left, and all there is.
func (n *Node) Space() (free, total int64, err error) {
	err = n.do(Op{Kind: Look}, func() error {
		free, total = n.d.space()
		return nil
	})
	return free, total, err
}
