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
		return state{}, errors.Join(err, errors.New("not a snapshot of the metadata"))
	}
	r, err := c.first("PRAGMA quick_check(1)")
	if err != nil {
		return state{}, err
	}
	if r == nil || text(r[0]) != "ok" {
		return state{}, fmt.Errorf("quick_check: %v", r)
	}
	return readState(c)
}

// Restore puts a snapshot in the place of the database file at path, which no
// DB has open. The snapshot is copied, checked and synced before anything
// happens to the old file. A crash can leave neither (never a mixture): run
// Restore again.
func Restore(snapshot, path string) error {
	part := path + ".part"
	err := copyFile(snapshot, part)
	if err == nil {
		_, err = appliedOf(part)
	}
	// The database goes before its WAL: one without the other could be torn,
	// and the old WAL must not be taken for the new database's.
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if err == nil {
			err = removeFile(old)
		}
		if err == nil {
			err = syncDir(filepath.Dir(path))
		}
	}
	if err == nil {
		err = publish(part, path)
	}
	if err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, removeFile(part)))
	}
	return nil
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

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
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
