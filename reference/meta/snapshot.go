package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// Snapshot writes a copy of the database, as of one moment, to a new file: it
// is complete, synced and named only when Snapshot returns nil. Writes go on
// meanwhile, except in memory. It returns the applied index of the copy, read
// from the copy.
func (db *DB) Snapshot(ctx context.Context, path string) (applied uint64, err error) {
	var c *conn
	select {
	case c = <-db.readers:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	defer func() { db.readers <- c }()
	part := path + ".part"
	if err := removeFile(part); err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	if err := db.vacuumInto(c, part); err != nil {
		return 0, fmt.Errorf("snapshot: %w", errors.Join(err, removeFile(part)))
	}
	if applied, err = appliedOf(part); err == nil {
		err = publish(part, path)
	}
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", errors.Join(err, removeFile(part)))
	}
	return applied, nil
}

func (db *DB) vacuumInto(c *conn, path string) error {
	if db.mem != nil {
		db.mem.RLock()
		defer db.mem.RUnlock()
		return backup(c, path)
	}
	// query_only refuses VACUUM INTO as well, though it changes nothing here.
	if err := c.script("PRAGMA query_only = OFF"); err != nil {
		return err
	}
	err := c.exec("VACUUM INTO ?", dsn(path, ""))
	return errors.Join(err, c.script("PRAGMA query_only = ON"))
}

// backup copies a database in memory page by page: its VACUUM INTO would write
// another one in memory.
func backup(c *conn, path string) error {
	b, err := c.dc.(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	}).NewBackup(dsn(path, ""))
	if err != nil {
		return err
	}
	return copyPages(b)
}

func copyPages(b *sqlite.Backup) error {
	more, err := b.Step(-1)
	if err == nil && more {
		err = errors.New("the database was not copied whole")
	}
	return errors.Join(err, b.Finish())
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

// loadSnapshot fills the memory database of c from a snapshot.
func loadSnapshot(c *conn, path string) error {
	if _, err := appliedOf(path); err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	b, err := c.dc.(interface {
		NewRestore(uri string) (*sqlite.Backup, error)
	}).NewRestore(dsn(path, ""))
	if err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	if err := copyPages(b); err != nil {
		return fmt.Errorf("load snapshot: %w", err)
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
