package disk

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"bleepstore/fault"
)

// A File is an open file or directory. Once the disk has been down it can only
// be closed.
type File struct {
	user
	name   string
	flag   int
	pos    int64 // of the next Write
	closed bool
}

var (
	_ fault.File      = (*File)(nil)
	_ fault.Truncater = (*File)(nil)
	_ fault.Allocator = (*File)(nil)
)

func (f *File) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	if f.flag&os.O_WRONLY != 0 {
		return 0, f.fail("read", syscall.EBADF)
	}
	if off < 0 {
		return 0, f.fail("read", syscall.EINVAL)
	}
	n, err := f.readAt(b, off)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, f.fail("read", err)
}

// Write writes where the last one ended, or with os.O_APPEND at the end.
func (f *File) Write(b []byte) (int, error) {
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, f.fail("write", syscall.EBADF)
	}
	if f.flag&os.O_APPEND != 0 {
		n, err := f.writeAt(b, atEnd)
		return n, f.fail("write", err)
	}
	n, err := f.writeAt(b, f.pos)
	f.pos += int64(n)
	return n, f.fail("write", err)
}

// Truncate implements fault.Truncater.
func (f *File) Truncate(size int64) error { return f.fail("truncate", f.truncate(size)) }

// Allocate implements fault.Allocator.
func (f *File) Allocate(size int64) error {
	info, err := f.Stat()
	if err == nil && info.Size() < size {
		err = f.fail("allocate", f.truncate(size))
	}
	return err
}

// Sync implements fault.File.
func (f *File) Sync() error { return f.fail("sync", f.sync()) }

// Stat implements fault.File.
func (f *File) Stat() (i fs.FileInfo, err error) {
	err = f.do(Op{Kind: Look}, func() error {
		i = f.n.info()
		return nil
	})
	return i, f.fail("stat", err)
}

// Close implements fault.File. It does not fail, but when it is done twice.
func (f *File) Close() error {
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	f.d.mu.Lock()
	if f.n.held == f {
		f.n.held = nil
	}
	f.d.mu.Unlock()
	f.leave()
	return nil
}

// info is what is known of an inode at one moment.
type info struct {
	base  string
	size  int64
	mode  fs.FileMode
	mtime time.Time
}

func (n *inode) info() info {
	i := info{n.base, n.size, n.mode, n.mtime}
	if i.base == "" {
		i.base = "/"
	}
	return i
}

func (i info) Name() string       { return i.base }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.mtime }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
