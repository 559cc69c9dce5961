package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Snapshot is Save with a promise: the file is complete, checked, synced and
// has its name only when Snapshot returns nil, and takes the place of one that
// was there. It returns the applied index of the copy, read from the copy.
func (db *DB) Snapshot(ctx context.Context, path string) (applied uint64, err error) {
	part := path + ".part"
	if err = removeFile(part); err == nil {
		err = db.Save(ctx, part)
	}
	if err == nil {
		applied, err = appliedOf(part)
	}
	if err == nil {
		err = publish(part, path)
	}
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", errors.Join(err, removeFile(part)))
	}
	return applied, nil
}

// ErrDamaged is a file that SQLite or its quick_check does not take for a
// database of this package.
var ErrDamaged = errors.New("metadata is damaged")

// Inspect checks the database at path, which no DB has open, and returns its
// applied index: fs.ErrNotExist, ErrDamaged, or that it could not be read.
func Inspect(path string) (applied uint64, err error) {
	if _, err := os.Stat(path); err != nil { // SQLite would create it
		return 0, err
	}
	applied, err = appliedOf(path)
	return applied, damaged(err)
}

// appliedOf checks a snapshot and returns its applied index.
func appliedOf(path string) (uint64, error) {
	c, err := openConn(dsn(path, ""), "query_only = ON")
	if err != nil {
		return 0, err
	}
	st, err := checkSnapshot(c)
	return st.applied, errors.Join(err, c.close())
}

func checkSnapshot(c *conn) (state, error) {
	if id, err := pragma(c, "application_id"); err != nil || id != applicationID {
		return state{}, errors.Join(err, fmt.Errorf("%w: not a database of the metadata", ErrDamaged))
	}
	r, err := c.first("PRAGMA quick_check(1)")
	if err != nil {
		return state{}, err
	}
	if r == nil || text(r[0]) != "ok" {
		return state{}, fmt.Errorf("%w: quick_check: %v", ErrDamaged, r)
	}
	return readState(c)
}

// Restore puts a snapshot in the place of the database file at path, which no
// DB has open. The snapshot is copied, checked and synced before anything
// happens to the old file. A crash can leave neither (never a mixture): run
// Restore again.
func Restore(snapshot, path string) error {
	src, err := os.Open(snapshot)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer src.Close()
	part := path + ".part"
	if _, err = receive(src, part); err == nil {
		err = replace(part, path)
	}
	if err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, removeFile(part)))
	}
	return nil
}

// receive writes a snapshot to the file part, checks it and returns its
// applied index.
func receive(r io.Reader, part string) (applied uint64, err error) {
	dst, err := os.Create(part)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(dst, r)
	if err = errors.Join(err, dst.Close()); err != nil {
		return 0, err
	}
	return appliedOf(part)
}

// replace gives a checked file the name of a database that no DB has open.
func replace(part, path string) error {
	// The database goes before its WAL: one without the other could be torn,
	// and the old WAL must not be taken for the new database's.
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if err := removeFile(old); err != nil {
			return err
		}
		if err := syncDir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return publish(part, path)
}

// publish makes a finished file durable and gives it its name.
func publish(part, path string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// removeFile removes a file that may be missing.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
