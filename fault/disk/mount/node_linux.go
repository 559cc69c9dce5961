package mount

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"bleepstore/fault/disk"
)

// A node is a file or a directory as go-fuse has it.
type node struct {
	fs.Inode
	on *disk.Node
}

var _ = []interface {
	fs.InodeEmbedder
	fs.NodeLookuper
	fs.NodeGetattrer
	fs.NodeSetattrer
	fs.NodeFsyncer
}{(*node)(nil)}

// errno is the error of an operation as the kernel takes it.
func errno(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no
	}
	return syscall.EIO
}

// of is the node for one operation of the process that ctx is of.
func (n *node) of(ctx context.Context) *disk.Node {
	caller := &disk.Caller{Done: ctx.Done(), Dying: func() bool { return false }}
	if c, ok := fuse.FromContext(ctx); ok {
		caller.Dying = func() bool { return dying(c.Pid) }
	}
	return n.on.For(caller)
}

// child is the inode of what lies in n.
func (n *node) child(ctx context.Context, c *disk.Node, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := fill(c, &out.Attr); err != nil {
		return nil, errno(err)
	}
	mode := uint32(syscall.S_IFREG)
	if c.IsDir() {
		mode = syscall.S_IFDIR
	}
	return n.NewInode(ctx, &node{on: c}, fs.StableAttr{Mode: mode, Ino: c.ID()}), 0
}

// fill tells the kernel of a file.
func fill(n *disk.Node, out *fuse.Attr) error {
	info, err := n.Info()
	if err != nil {
		return err
	}
	out.Ino, out.Size, out.Nlink, out.Blksize = n.ID(), uint64(info.Size()), 1, 4096
	out.Blocks = (out.Size + 4095) / 4096 * 8
	out.Mode = uint32(info.Mode().Perm()) | syscall.S_IFREG
	if info.IsDir() {
		out.Mode = uint32(info.Mode().Perm()) | syscall.S_IFDIR
	}
	out.Owner = fuse.Owner{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	t := info.ModTime()
	out.SetTimes(&t, &t, &t)
	return nil
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	c, err := n.on.Lookup(name)
	if err != nil {
		return nil, errno(err)
	}
	return n.child(ctx, c, out)
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	return errno(fill(n.on, &out.Attr))
}

// Setattr takes a change of the owner, and of the time of reading, for done.
func (n *node) Setattr(ctx context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	on := n.of(ctx)
	if size, ok := in.GetSize(); ok {
		if err := on.Truncate(int64(size)); err != nil {
			return errno(err)
		}
	}
	if mode, ok := in.GetMode(); ok {
		if err := on.SetMode(iofs.FileMode(mode).Perm()); err != nil {
			return errno(err)
		}
	}
	if t, ok := in.GetMTime(); ok {
		if err := on.SetTime(t); err != nil {
			return errno(err)
		}
	}
	return errno(fill(n.on, &out.Attr))
}

// Fsync is of files and of directories.
func (n *node) Fsync(ctx context.Context, _ fs.FileHandle, _ uint32) syscall.Errno {
	return errno(n.of(ctx).Sync())
}

// Statfs tells how much room there is.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	free, total, err := n.on.Space()
	if err != nil {
		return errno(err)
	}
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail = uint64(total/4096), uint64(free/4096), uint64(free/4096)
	out.Files, out.Ffree = 1<<20, 1<<20
	return 0
}

// forever is how long the kernel may believe what it was told: nobody else
// changes the disk, and after a crash it asks everything anew.
const forever = time.Hour
