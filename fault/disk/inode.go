package disk

import (
	"io/fs"
	"maps"
	"slices"
	"syscall"
	"time"
)

// An inode is a file or a directory. The disk's lock guards it.
type inode struct {
	content
	id    uint64
	base  string // its last name
	mode  fs.FileMode
	mtime time.Time
	names map[string]*inode // of a directory, as readers see it
	kept  map[string]*inode // of a directory, as the medium has it
	links int               // names that it has
	opens int               // users that it has, names apart
	locks *locks            // of SQLite; nil: nobody has locked it
	shm   *shared           // of SQLite; nil: nobody shares memory over it
	held  *File             // of FS.Lock
}

func (n *inode) isDir() bool { return n.mode.IsDir() }

// room is how much of the disk a file takes.
func room(size int64) int64 { return (size + pageSize - 1) / pageSize * pageSize }

// An edit gives a name of a directory another inode; nil: none.
type edit struct {
	dir  *inode
	name string
	to   *inode
}

// A change is what one operation does to one or two directories.
type change struct {
	edits [2]edit
	n     int
}

func (c *change) keep() {
	for _, e := range c.edits[:c.n] {
		if e.to == nil {
			delete(e.dir.kept, e.name)
		} else {
			e.dir.kept[e.name] = e.to
		}
	}
}

func (c *change) touches(dirs []*inode) bool {
	for _, e := range c.edits[:c.n] {
		if slices.Contains(dirs, e.dir) {
			return true
		}
	}
	return false
}

// longest is how many changes wait at most before a flusher takes some.
const longest = 512

// apply does a change, of which the medium hears later.
func (d *Disk) apply(edits ...edit) {
	var c change
	for _, e := range edits {
		old := e.dir.names[e.name]
		if e.to == nil {
			delete(e.dir.names, e.name)
		} else {
			e.dir.names[e.name] = e.to
			e.to.links++
			e.to.base = e.name
		}
		if old != nil {
			old.links--
			d.release(old)
		}
		e.dir.mtime = time.Now()
		c.edits[c.n] = e
		c.n++
	}
	if len(d.journal) >= longest {
		d.commit(longest / 2)
	}
	d.journal = append(d.journal, c)
}

// release gives back the room of a file that nobody can reach any more, unless
// after a crash: the medium may still know its name.
func (d *Disk) release(n *inode) {
	if n.links == 0 && n.opens == 0 && !n.isDir() {
		d.used -= room(n.size)
	}
}

// commit brings the first n changes to the medium.
func (d *Disk) commit(n int) {
	for i := range d.journal[:n] {
		d.journal[i].keep()
	}
	d.journal = slices.Delete(d.journal, 0, n)
}

// syncDir brings the changes of a directory to the medium, and with a change of
// two directories those of the other that came before.
func (d *Disk) syncDir(dir *inode) {
	dirs := []*inode{dir}
	taken := make([]bool, len(d.journal))
	for i, c := range slices.Backward(d.journal) {
		if taken[i] = c.touches(dirs); taken[i] {
			for _, e := range c.edits[:c.n] {
				if !slices.Contains(dirs, e.dir) {
					dirs = append(dirs, e.dir)
				}
			}
		}
	}
	left := d.journal[:0]
	for i := range d.journal {
		if taken[i] {
			d.journal[i].keep()
		} else {
			left = append(left, d.journal[i])
		}
	}
	clear(d.journal[len(left):])
	d.journal = left
}

// forgetDir takes the changes of a directory for synced, though they are not.
func (d *Disk) forgetDir(dir *inode) {
	d.journal = slices.DeleteFunc(d.journal, func(c change) bool { return c.touches([]*inode{dir}) })
}

// make puts something new into a directory.
func (d *Disk) make(dir *inode, name string, mode fs.FileMode) (*inode, error) {
	if err := d.mayName(dir, name); err != nil {
		return nil, err
	}
	if d.noRoom() {
		return nil, syscall.ENOSPC
	}
	n := d.newInode(mode)
	d.apply(edit{dir, name, n})
	return n, nil
}

func (d *Disk) newInode(mode fs.FileMode) *inode {
	d.lastID++
	n := &inode{id: d.lastID, mode: mode, mtime: time.Now()}
	if mode.IsDir() {
		n.names, n.kept = map[string]*inode{}, map[string]*inode{}
	}
	return n
}

// mayName says why a directory cannot have a name more.
func (d *Disk) mayName(dir *inode, name string) error {
	switch {
	case !dir.isDir():
		return syscall.ENOTDIR
	case dir.links == 0 && dir != d.root:
		return syscall.ENOENT
	case dir.names[name] != nil:
		return syscall.EEXIST
	case len(name) > 255:
		return syscall.ENAMETOOLONG
	}
	return nil
}

func (d *Disk) unlink(dir *inode, name string) error {
	n, err := dir.child(name)
	if err != nil {
		return err
	}
	if len(n.names) > 0 {
		return syscall.ENOTEMPTY
	}
	d.apply(edit{dir: dir, name: name})
	return nil
}

func (d *Disk) rename(from *inode, name string, to *inode, newName string) error {
	n, err := from.child(name)
	if err != nil {
		return err
	}
	old := to.names[newName]
	switch err := d.mayName(to, newName); {
	case err != nil && old == nil:
		return err
	case old == n:
		return nil
	case old != nil && old.isDir() && !n.isDir():
		return syscall.EISDIR
	case old != nil && !old.isDir() && n.isDir():
		return syscall.ENOTDIR
	case old != nil && len(old.names) > 0:
		return syscall.ENOTEMPTY
	case n.isDir() && n.holds(to):
		return syscall.EINVAL
	}
	d.apply(edit{to, newName, n}, edit{dir: from, name: name})
	return nil
}

// child is what a directory has under a name.
func (n *inode) child(name string) (*inode, error) {
	if !n.isDir() {
		return nil, syscall.ENOTDIR
	}
	if child := n.names[name]; child != nil {
		return child, nil
	}
	return nil, syscall.ENOENT
}

// holds says whether dir is n or lies in it.
func (n *inode) holds(dir *inode) bool {
	if n == dir {
		return true
	}
	for _, child := range n.names {
		if child.isDir() && child.holds(dir) {
			return true
		}
	}
	return false
}

// sorted are the names of a directory.
func (n *inode) sorted() []string { return slices.Sorted(maps.Keys(n.names)) }
