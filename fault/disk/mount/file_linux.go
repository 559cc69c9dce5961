package mount

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"bleepstore/fault/disk"
)

var _ = []interface {
	fs.NodeOpener
	fs.NodeReader
	fs.NodeWriter
	fs.NodeAllocater
}{(*node)(nil)}

// Open lets the kernel forget what it has of the file: who opens it reads from
// the disk. SQLite keeps its files open and maps one, so it has the page cache.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 {
		if err := n.of(ctx).Truncate(0); err != nil {
			return nil, 0, errno(err)
		}
	}
	return opened(n.on), 0, 0
}

// A handle is a file that a process has open.
type handle struct{ on *disk.Node }

var _ fs.FileReleaser = handle{}

func opened(n *disk.Node) handle {
	n.Open()
	return handle{n}
}

func (h handle) Release(context.Context) syscall.Errno {
	h.on.Close()
	return 0
}

func (n *node) Read(ctx context.Context, _ fs.FileHandle, b []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	got, err := n.of(ctx).ReadAt(b, off)
	return fuse.ReadResultData(b[:got]), errno(err)
}

func (n *node) Write(ctx context.Context, _ fs.FileHandle, b []byte, off int64) (uint32, syscall.Errno) {
	done, err := n.of(ctx).WriteAt(b, off)
	if done > 0 { // as write(2): what comes next has the error
		return uint32(done), 0
	}
	return 0, errno(err)
}

// Allocate takes room by making the file longer; nothing else is supported.
func (n *node) Allocate(ctx context.Context, _ fs.FileHandle, off, size uint64, mode uint32) syscall.Errno {
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	info, err := n.on.Info()
	if err == nil && uint64(info.Size()) < off+size {
		err = n.of(ctx).Truncate(int64(off + size))
	}
	return errno(err)
}
