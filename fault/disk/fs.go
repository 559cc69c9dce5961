package disk

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"bleepstore/fault"
)

// FS is the disk's files for programs. Paths are absolute; one that is not is
// taken from the root.
type FS struct{ d *Disk }

var (
	_ fault.FS      = FS{}
	_ fault.Renamer = FS{}
	_ fault.Stater  = FS{}
	_ fault.Spacer  = FS{}
	_ fault.Locker  = FS{}
)

// FS returns the files of the disk. It can be used again after PowerOn.
func (d *Disk) FS() FS { return FS{d} }

// find walks a path. The disk's lock is held.
func (d *Disk) find(name string) (*inode, error) {
	n := d.root
	for rest := name; rest != ""; {
		var part string
		if part, rest, _ = strings.Cut(rest, "/"); part == "" {
			continue
		}
		next, err := n.child(part)
		if err != nil {
			return nil, err
		}
		n = next
	}
	return n, nil
}

// at finds the directory of a path; base is the name in it.
func (d *Disk) at(name string) (dir *inode, base string, err error) {
	parent, base := path.Split(path.Clean("/" + name))
	if base == "" { // the root itself
		return nil, "", syscall.EBUSY
	}
	dir, err = d.find(parent)
	if err == nil && !dir.isDir() {
		err = syscall.ENOTDIR
	}
	return dir, base, err
}

// run is do for a path; its errors tell which.
func (f FS) run(op, name string, k Kind, fn func() error) error {
	if err := f.d.do(user{}, Op{Kind: k}, fn); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// OpenFile implements fault.FS.
func (f FS) OpenFile(name string, flag int, perm fs.FileMode) (fault.File, error) {
	file, err := f.open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f FS) open(name string, flag int, perm fs.FileMode) (*File, error) {
	var file *File
	kind := Look
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		kind = Change
	}
	err := f.run("open", name, kind, func() error {
		n, err := f.d.openInode(name, flag, perm)
		if err == nil {
			file = &File{user: f.d.use(n), name: name, flag: flag}
		}
		return err
	})
	return file, err
}

// openInode finds a file, or makes it, as flags of os.OpenFile say. The disk's
// lock is held.
func (d *Disk) openInode(name string, flag int, perm fs.FileMode) (*inode, error) {
	if flag&os.O_CREATE == 0 {
		n, err := d.find(path.Clean("/" + name))
		if err != nil {
			return nil, err
		}
		return n, d.opened(n, flag)
	}
	dir, base, err := d.at(name)
	if err != nil {
		return nil, err
	}
	n := dir.names[base]
	switch {
	case n == nil:
		return d.make(dir, base, perm.Perm())
	case flag&os.O_EXCL != 0:
		return nil, syscall.EEXIST
	}
	return n, d.opened(n, flag)
}

func (d *Disk) opened(n *inode, flag int) error {
	writes := flag&(os.O_WRONLY|os.O_RDWR|os.O_TRUNC) != 0
	if n.isDir() && writes {
		return syscall.EISDIR
	}
	if flag&os.O_TRUNC != 0 && n.size > 0 {
		d.used -= room(n.size)
		n.truncate(0, &d.free)
		n.mtime = time.Now()
	}
	return nil
}

// MkdirAll implements fault.FS.
func (f FS) MkdirAll(name string, perm fs.FileMode) error {
	return f.run("mkdir", name, Change, func() error {
		dir := f.d.root
		for part := range strings.SplitSeq(path.Clean("/"+name), "/") {
			if part == "" {
				continue
			}
			next := dir.names[part]
			if next == nil {
				made, err := f.d.make(dir, part, fs.ModeDir|perm.Perm())
				if err != nil {
					return err
				}
				next = made
			}
			if dir = next; !dir.isDir() {
				return syscall.ENOTDIR
			}
		}
		return nil
	})
}

// Remove implements fault.FS. A directory has to be empty.
func (f FS) Remove(name string) error {
	return f.run("remove", name, Change, func() error {
		dir, base, err := f.d.at(name)
		if err != nil {
			return err
		}
		return f.d.unlink(dir, base)
	})
}

// Rename implements fault.Renamer.
func (f FS) Rename(from, to string) error {
	err := f.d.do(user{}, Op{Kind: Change}, func() error {
		dir, base, err := f.d.at(from)
		if err != nil {
			return err
		}
		toDir, toBase, err := f.d.at(to)
		if err != nil {
			return err
		}
		return f.d.rename(dir, base, toDir, toBase)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// Stat implements fault.Stater.
func (f FS) Stat(name string) (info fs.FileInfo, err error) {
	err = f.run("stat", name, Look, func() error {
		n, err := f.d.find(path.Clean("/" + name))
		if err == nil {
			info = n.info()
		}
		return err
	})
	return info, err
}

// ReadDir implements fault.FS.
func (f FS) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = f.run("readdir", name, Read, func() error {
		n, err := f.d.find(path.Clean("/" + name))
		if err != nil {
			return err
		}
		if !n.isDir() {
			return syscall.ENOTDIR
		}
		for _, base := range n.sorted() {
			i := n.names[base].info()
			i.base = base
			entries = append(entries, fs.FileInfoToDirEntry(i))
		}
		return nil
	})
	return entries, err
}

// SyncDir implements fault.FS.
func (f FS) SyncDir(name string) error {
	dir, err := f.open(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	if !dir.n.isDir() {
		return &fs.PathError{Op: "sync", Path: name, Err: syscall.ENOTDIR}
	}
	return dir.Sync()
}

// Space implements fault.Spacer.
func (f FS) Space(dir string) (free, total int64, err error) {
	err = f.run("statfs", dir, Look, func() error {
		_, err := f.d.find(path.Clean("/" + dir))
		free, total = f.d.space()
		return err
	})
	return free, total, err
}

// Lock implements fault.Locker. What holds the file lets go of it when the disk
// goes down, too.
func (f FS) Lock(name string) (io.Closer, error) {
	file, err := f.open(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = f.run("lock", name, Look, func() error {
		if file.n.held != nil {
			return fault.ErrLocked
		}
		file.n.held = file
		return nil
	})
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
