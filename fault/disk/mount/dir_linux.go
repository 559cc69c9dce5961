package mount

import (
	"context"
	"errors"
	iofs "io/fs"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

var _ = []interface {
	fs.NodeReaddirer
	fs.NodeMkdirer
	fs.NodeCreater
	fs.NodeLinker
	fs.NodeUnlinker
	fs.NodeRmdirer
	fs.NodeRenamer
	fs.NodeStatfser
}{(*node)(nil)}

func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	entries, ids, err := n.on.List()
	if err != nil {
		return nil, errno(err)
	}
	list := make([]fuse.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = fuse.DirEntry{Name: e.Name(), Ino: ids[i], Mode: syscall.S_IFREG}
		if e.IsDir() {
			list[i].Mode = syscall.S_IFDIR
		}
	}
	return fs.NewListDirStream(list), 0
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	c, err := n.of(ctx).Create(name, iofs.ModeDir|iofs.FileMode(mode).Perm())
	if err != nil {
		return nil, errno(err)
	}
	return n.child(ctx, c.For(nil), out)
}

func (n *node) Create(ctx context.Context, name string, flags uint32, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	c, err := n.of(ctx).Create(name, iofs.FileMode(mode).Perm())
	if errors.Is(err, syscall.EEXIST) && flags&syscall.O_EXCL == 0 {
		c, err = n.on.Lookup(name) // somebody else was first
	}
	if err != nil {
		return nil, nil, 0, errno(err)
	}
	c = c.For(nil)
	in, no := n.child(ctx, c, out)
	if no != 0 {
		return nil, nil, 0, no
	}
	return in, opened(c), 0, 0
}

func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	to, ok := target.(*node)
	if !ok || to.on.IsDir() {
		return nil, syscall.EPERM
	}
	if err := n.of(ctx).Link(name, to.on); err != nil {
		return nil, errno(err)
	}
	return n.child(ctx, to.on, out)
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return errno(n.of(ctx).Remove(name))
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return errno(n.of(ctx).Remove(name))
}

func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to, ok := parent.(*node)
	if !ok || flags&^unix.RENAME_NOREPLACE != 0 {
		return syscall.EINVAL
	}
	if flags&unix.RENAME_NOREPLACE != 0 {
		if _, err := to.on.Lookup(newName); err == nil {
			return syscall.EEXIST
		}
	}
	return errno(n.of(ctx).Rename(name, to.on, newName))
}
