package mount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"bleepstore/fault/disk"
)

// A daemon is a disk that is mounted.
type daemon struct {
	dir  string
	disk *disk.Disk

	mu      sync.Mutex // held while it mounts and unmounts
	server  *fuse.Server
	crashes int
}

// Serve mounts a disk, calls ready with the address of its control, and serves
// until ctx ends; then it unmounts, whoever may have files open.
func Serve(ctx context.Context, c Config, ready func(addr string)) (err error) {
	d := &daemon{dir: c.Dir}
	if err := empty(c.Dir); err != nil {
		return err
	}
	if d.disk, err = disk.New(c.Seed); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.disk.Close()) }()
	d.disk.Limit = cmp.Or(c.Limit, DefaultLimit)
	d.disk.Flips, d.disk.Deaf = notSQLite, c.Deaf
	l, err := net.Listen("tcp", cmp.Or(c.Control, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	if err := d.mount(); err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, detach(c.Dir)) }()
	server := &http.Server{Handler: d.control(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	ready(l.Addr().String())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	d.disk.Crash() // so that nothing hangs
	return nil
}

// notSQLite spares SQLite's files from flipped bits: it has no checksums of its
// pages, and what it then says is nobody's fault.
func notSQLite(name string) bool {
	for _, suffix := range []string{".db", ".sqlite", "-wal", "-shm", "-journal"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	return true
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("mount on %s: the directory is not empty", dir)
	}
	return nil
}

// mount makes the disk be seen, as it is now. d.mu is held, or nobody else is
// there.
func (d *daemon) mount() error {
	timeout := forever
	server, err := fs.Mount(d.dir, &node{on: d.disk.Root()}, &fs.Options{
		MountOptions: fuse.MountOptions{
			FsName: "bleepstore-disk", Name: "bleepstore", DirectMount: true, DisableXAttrs: true,
			MaxWrite: 1 << 20, Logger: log.New(os.Stderr, "fuse: ", 0),
		},
		EntryTimeout: &timeout, AttrTimeout: &timeout,
		RootStableAttr: &fs.StableAttr{Ino: d.disk.Root().ID()},
	})
	if err != nil {
		return fmt.Errorf("mount on %s: %w", d.dir, err)
	}
	d.server = server
	return nil
}

// crash is a loss of power, and power again. The kernel's page cache goes with
// the mount. Who still has files open gets EIO for ever.
func (d *daemon) crash() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.disk.Crash()
	if err := detach(d.dir); err != nil {
		return err
	}
	d.disk.PowerOn()
	d.crashes++
	return d.mount()
}

// detach takes a mount away, though files on it may be open. That there is none
// is no error.
func detach(dir string) error {
	err := unix.Unmount(dir, unix.MNT_DETACH)
	if err == nil || errors.Is(err, unix.EINVAL) {
		return nil
	}
	if fusermount := unmountAsUser(dir); fusermount == nil {
		return nil
	}
	return fmt.Errorf("unmount %s: %w", dir, err)
}

// Probe says why a disk cannot be mounted here, nil if it can: it mounts one,
// that nobody serves, for a moment.
func Probe() error {
	dir, err := os.MkdirTemp("", "bleepstore-probe-")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/fuse: %w", err)
	}
	defer unix.Close(fd)
	options := fmt.Sprintf("fd=%d,rootmode=%o,user_id=%d,group_id=%d", fd, syscall.S_IFDIR, os.Geteuid(), os.Getegid())
	if err := unix.Mount("bleepstore-probe", dir, "fuse.bleepstore", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		if hasFusermount() {
			return nil
		}
		return fmt.Errorf("mount a FUSE file system: %w, and there is no fusermount3", err)
	}
	return detach(dir)
}
