package local

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/fault"
)

const sector = 512

// disk is a file system that loses power: what was not synced may be lost, in
// part, sector by sector and name by name.
type disk struct {
	mu    sync.Mutex
	rng   *rand.Rand
	names map[string]*inode // as the running system sees them
	kept  map[string]*inode // as a loss of power leaves them for certain
	// before runs ahead of each operation, and may fail it.
	before func(op, name string) error
	ops    []string // all so far
}

type inode struct {
	dir        bool
	data, kept []byte
}

var _ fault.FS = (*disk)(nil)

func newDisk(seed uint64) *disk {
	root := &inode{dir: true}
	return &disk{
		rng:   rand.New(rand.NewPCG(seed, 1)),
		names: map[string]*inode{"/": root}, kept: map[string]*inode{"/": root},
		before: func(string, string) error { return nil },
	}
}

// op begins an operation; the lock is held when it returns nil.
func (d *disk) op(op, name string) error {
	d.mu.Lock()
	d.ops = append(d.ops, op+" "+name)
	if err := d.before(op, name); err != nil {
		d.mu.Unlock()
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func (d *disk) OpenFile(name string, flag int, _ fs.FileMode) (fault.File, error) {
	kind := "open"
	if flag != 0 {
		kind = "create"
	}
	if err := d.op(kind, name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	node, exists := d.names[name]
	switch {
	case flag == 0 && !exists:
		return nil, &fs.PathError{Op: kind, Path: name, Err: fs.ErrNotExist}
	case flag != 0 && exists:
		return nil, &fs.PathError{Op: kind, Path: name, Err: fs.ErrExist}
	case flag != 0:
		node = &inode{}
		d.names[name] = node
	}
	return &diskFile{d, name, node}, nil
}

func (d *disk) MkdirAll(name string, _ fs.FileMode) error {
	if err := d.op("mkdir", name); err != nil {
		return err
	}
	defer d.mu.Unlock()
	for ; d.names[name] == nil; name = filepath.Dir(name) {
		d.names[name] = &inode{dir: true}
	}
	return nil
}

func (d *disk) Remove(name string) error {
	if err := d.op("remove", name); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(d.names, name)
	return nil
}

func (d *disk) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := d.op("readdir", name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var entries []fs.DirEntry
	for path, node := range d.names {
		if path != name && filepath.Dir(path) == name {
			entries = append(entries, fs.FileInfoToDirEntry(stat{path, node}))
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func (d *disk) SyncDir(name string) error {
	if err := d.op("syncdir", name); err != nil {
		return err
	}
	defer d.mu.Unlock()
	for path := range d.kept {
		if filepath.Dir(path) == name && d.names[path] == nil {
			delete(d.kept, path)
		}
	}
	for path, node := range d.names {
		if filepath.Dir(path) == name {
			d.kept[path] = node
		}
	}
	return nil
}

// crash takes the power away and gives it back.
func (d *disk) crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := map[string]*inode{}
	for _, from := range []map[string]*inode{d.names, d.kept} {
		for path, node := range from {
			if d.kept[path] == node && d.names[path] == node || d.rng.IntN(2) == 0 {
				after[path] = node
			}
		}
	}
	for path := range after { // what lies in a lost directory is lost
		for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
			if after[dir] == nil {
				delete(after, path)
			}
			if dir == "/" {
				break
			}
		}
	}
	d.names, d.kept = map[string]*inode{}, map[string]*inode{}
	for path, node := range after {
		node.crash(d.rng)
		d.names[path], d.kept[path] = node, node
	}
	d.before = func(string, string) error { return nil }
}

// crash keeps some sectors of what was not synced.
func (n *inode) crash(rng *rand.Rand) {
	length := len(n.kept)
	if len(n.data) > length && rng.IntN(3) > 0 {
		length += rng.IntN(len(n.data) - length + 1)
		if rng.IntN(2) == 0 {
			length = len(n.data)
		}
	}
	after := make([]byte, length)
	copy(after, n.kept)
	for at := 0; at < length; at += sector {
		if rng.IntN(8) > 0 {
			copy(after[at:min(at+sector, length)], n.data[at:])
		}
	}
	n.data, n.kept = after, slices.Clone(after)
}

type diskFile struct {
	d    *disk
	name string
	node *inode
}

func (f *diskFile) Write(p []byte) (int, error) {
	if err := f.d.op("write", f.name); err != nil {
		return 0, err
	}
	defer f.d.mu.Unlock()
	f.node.data = append(f.node.data, p...)
	return len(p), nil
}

func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.d.op("read", f.name); err != nil {
		return 0, err
	}
	defer f.d.mu.Unlock()
	n := copy(p, f.node.data[min(off, int64(len(f.node.data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *diskFile) Sync() error {
	if err := f.d.op("sync", f.name); err != nil {
		return err
	}
	defer f.d.mu.Unlock()
	f.node.kept = slices.Clone(f.node.data)
	return nil
}

func (f *diskFile) Stat() (fs.FileInfo, error) {
	if err := f.d.op("stat", f.name); err != nil {
		return nil, err
	}
	defer f.d.mu.Unlock()
	return stat{f.name, f.node}, nil
}

func (f *diskFile) Close() error {
	if err := f.d.op("close", f.name); err != nil {
		return err
	}
	f.d.mu.Unlock()
	return nil
}

type stat struct {
	path string
	node *inode
}

func (s stat) Name() string       { return filepath.Base(s.path) }
func (s stat) Size() int64        { return int64(len(s.node.data)) }
func (s stat) IsDir() bool        { return s.node.dir }
func (s stat) Mode() fs.FileMode  { return 0o600 }
func (s stat) ModTime() time.Time { return time.Time{} }
func (s stat) Sys() any           { return nil }
func (s stat) String() string     { return fmt.Sprintf("%s: %d bytes", s.path, s.Size()) }
