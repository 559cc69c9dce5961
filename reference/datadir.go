package reference

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bleepstore/fault"
)

// The files of a data directory, beside the databases and the blobs.
const (
	lockFile = "lock"
	idFile   = "id"
	// sqliteFile is the database of the SQLite backend.
	sqliteFile = "blobs.db"
)

// The layouts of a data directory. A program that knows only the first must not
// take the second for its own: it would write past the cluster's log.
const (
	singleFormat  = 1 // one server's alone
	clusterFormat = 2 // a node's of a cluster; there is no way back
)

// An identity is the id file: what the directory is and how it was begun.
type identity struct {
	Format  int    `json:"format"`
	ID      string `json:"id"` // of the store, random
	Backend string `json:"backend"`
	// Node is the id under which a cluster knows this directory, and no other
	// one ever again. Cluster is "" until it has been admitted or has founded one.
	Node    string `json:"node,omitempty"`
	Cluster string `json:"cluster,omitempty"`
	// Mark is by which the cloud's store of its bodies is known: see recognise.
	Mark string `json:"mark,omitempty"`
	// Restoring says that a restore into the directory has begun, and not ended.
	Restoring bool `json:"restoring,omitempty"`
	// Migrating is the id of the directory from which a migration into this one has
	// begun, and not ended.
	Migrating string `json:"migrating,omitempty"`
	// Master is the mark of the master key by which objects were encrypted last.
	Master string `json:"master,omitempty"`
}

// A datadir is a locked data directory.
type datadir struct {
	fs    fault.FS
	path  string // of the id file
	locks []io.Closer
	id    identity
	// single says that the directory holds what one server has written, of which
	// a cluster is to be made.
	single bool
}

// openDir locks the data directory and reads or writes its identity. Idle says
// that no server is to run on it.
func openDir(c Config, idle bool) (*datadir, error) {
	d, err := lockDir(c)
	if err != nil {
		return nil, err
	}
	if err := d.identify(c, idle); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", c.Dir, err), d.close())
	}
	return d, nil
}

// dirs are the data directory, and any directory outside of it that holds data.
func (c *Config) dirs() []string {
	dirs := []string{c.Dir}
	for _, path := range []string{filepath.Dir(c.MetaPath), c.BlobDir} {
		if rel, err := filepath.Rel(c.Dir, path); err != nil || !filepath.IsLocal(rel) {
			dirs = append(dirs, path)
		}
	}
	return dirs
}

// lockDir makes and locks the directories.
func lockDir(c Config) (_ *datadir, err error) {
	d := &datadir{fs: c.FS, path: filepath.Join(c.Dir, idFile)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	for _, dir := range c.dirs() {
		if err := makeDir(c.FS, dir); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
		l, err := hold(c.FS, filepath.Join(dir, lockFile))
		if err != nil {
			return nil, fmt.Errorf("data directory %s: %w", dir, err)
		}
		d.locks = append(d.locks, l)
	}
	return d, nil
}

// makeDir makes a directory, with those above it, durable in its parent: always,
// because a process that died here may have left that to the next.
func makeDir(fsys fault.FS, dir string) error {
	dir = filepath.Clean(dir)
	parents := []string{filepath.Dir(dir)}
	for at := parents[0]; at != filepath.Dir(at) && missing(fsys, at); {
		at = filepath.Dir(at)
		parents = append(parents, at)
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, p := range parents {
		if err := syncDir(fsys, p); err != nil {
			return err
		}
	}
	return nil
}

func missing(fsys fault.FS, dir string) bool {
	_, err := fault.Stat(fsys, dir)
	return errors.Is(err, fs.ErrNotExist)
}

// syncDir makes what is in a directory durable. One that we may not read somebody
// else has set up.
func syncDir(fsys fault.FS, dir string) error {
	err := fsys.SyncDir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func (d *datadir) close() error {
	var errs []error
	for _, l := range d.locks {
		errs = append(errs, l.Close())
	}
	d.locks = nil
	return errors.Join(errs...)
}

// identify reads the id file. A directory without one is new, unless there is
// metadata in it: then it is not whole, and starting would hide that.
func (d *datadir) identify(c Config, idle bool) error {
	text, err := fault.ReadFile(d.fs, d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := fault.Stat(c.FS, c.MetaPath); err == nil {
			return fmt.Errorf("there is %s but no file %s", c.MetaPath, idFile)
		}
		return d.mint(c)
	case err != nil:
		return err
	}
	if err := json.Unmarshal(text, &d.id); err != nil {
		return fmt.Errorf("file %s: %w", idFile, err)
	}
	if d.id.Restoring {
		return errors.New("a restore into it was not finished: remove it, and restore again")
	}
	if d.id.Migrating != "" {
		return errors.New("a migration into it was not finished: run it again")
	}
	if d.id.Backend != c.Backend {
		return fmt.Errorf("it was begun with the backend %s: %s would not find its bodies", d.id.Backend, c.Backend)
	}
	switch {
	case d.id.Format != singleFormat && d.id.Format != clusterFormat:
		return fmt.Errorf("format %d: this program knows %d and %d", d.id.Format, singleFormat, clusterFormat)
	case idle:
	case d.id.Format == clusterFormat && c.Cluster == nil:
		return fmt.Errorf("it is the node %s of a cluster, and cannot be served alone any more", d.id.Node)
	case d.id.Format == clusterFormat && c.Cluster.Node != "" && c.Cluster.Node != d.id.Node:
		return fmt.Errorf("it is the node %s, not %s: a node's id stays with its directory", d.id.Node, c.Cluster.Node)
	}
	d.single = d.id.Format == singleFormat
	return nil
}

// mint makes the identity of a new directory, in which what was encrypted by the
// master key of d.id may be, and writes it.
func (d *datadir) mint(c Config) error {
	id, err := randomHex(c.Rand)
	if err != nil {
		return fmt.Errorf("make id: %w", err)
	}
	d.id = identity{Format: singleFormat, ID: id, Backend: c.Backend, Master: d.id.Master}
	if c.Cluster == nil {
		return d.write()
	}
	d.id.Format = clusterFormat
	if err := d.name(c); err != nil {
		return err
	}
	return d.write()
}

// name gives the directory its node id: the one that is configured, or a random one.
func (d *datadir) name(c Config) error {
	d.id.Node = c.Cluster.Node
	if d.id.Node != "" {
		return nil
	}
	id, err := randomHex(c.Rand)
	if err != nil {
		return fmt.Errorf("make node id: %w", err)
	}
	d.id.Node = "n" + id[:12]
	return nil
}

// admit makes the directory a member of a cluster: this is the point from which
// on it is one.
func (d *datadir) admit(cluster string) error {
	d.id.Format, d.id.Cluster = clusterFormat, cluster
	return d.write()
}

func (d *datadir) write() error { return d.id.write(d.fs, d.path) }

// write replaces the id file.
func (id *identity) write(fsys fault.FS, path string) error {
	text, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return replaceFile(fsys, path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// randomHex returns 128 random bits.
func randomHex(r io.Reader) (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(r, random[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(random[:]), nil
}

// replaceFile writes a file that is there whole or not at all, and is durable
// when it returns. The directory's lock keeps others from its temporary name.
func replaceFile(fsys fault.FS, path string, write func(io.Writer) error) (err error) {
	tmp := path + ".tmp"
	f, err := fsys.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(fsys.Remove(tmp)))
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fault.Rename(fsys, tmp, path); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// hold keeps a file for this server, as long as it lives at most: by fsys where
// that has locks, and by the operating system's lock otherwise.
func hold(fsys fault.FS, path string) (io.Closer, error) {
	l, ok := fsys.(fault.Locker)
	if !ok {
		return flock(path)
	}
	held, err := l.Lock(path)
	if errors.Is(err, fault.ErrLocked) {
		return nil, errLocked
	}
	return held, err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
