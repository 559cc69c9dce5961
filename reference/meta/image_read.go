package meta

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"

	"modernc.org/sqlite"

	"bleepstore/fault"
)

// An Image is a file made by Save or Snapshot, opened to be read. Nobody else
// may have it open. One goroutine at a time uses it.
type Image struct{ c *conn }

// OpenImage checks the file at path: fs.ErrNotExist, ErrDamaged, or that it
// could not be read.
func (v Volume) OpenImage(path string) (*Image, error) {
	if _, err := fault.Stat(v.files(), path); err != nil { // SQLite would create it
		return nil, err
	}
	c, err := openConn(v.dsn(path), "query_only = ON")
	if err != nil {
		return nil, damaged(err)
	}
	if _, err := checkSnapshot(c); err != nil {
		return nil, damaged(errors.Join(err, c.close()))
	}
	return &Image{c}, nil
}

// damaged marks what SQLite says of a file that is no database as ErrDamaged.
func damaged(err error) error {
	const corrupt, notDatabase = 11, 26 // SQLite's result codes
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == corrupt || e.Code()&0xff == notDatabase) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Stats returns the figures of the image.
func (i *Image) Stats() (Stats, error) { return (&Tx{c: i.c}).Stats() }

// EachBlob calls fn with every blob that any content names, garbage too, ids
// ascending, and with how many of its bytes are named at most: those behind
// them nobody can read any more. An error of fn ends it and is returned as it is.
func (i *Image) EachBlob(fn func(id string, size int64) error) error {
	return i.c.each(func(r []driver.Value) error { return fn(text(r[0]), num(r[1])) },
		"SELECT blob, MAX(off + len) FROM extent WHERE blob <> '' GROUP BY blob ORDER BY blob")
}

// Close closes the file.
func (i *Image) Close() error { return i.c.close() }

// Detach makes the image at path the beginning of a log of its own, and durable:
// the term of its latest leader goes back to 0, as in a store that never was in
// a cluster, because the terms of another log mean nothing in this one. All else
// stays, the applied index above all: the log goes on behind it.
func (v Volume) Detach(path string) error {
	c, err := openConn(v.dsn(path), "synchronous = FULL")
	if err != nil {
		return fmt.Errorf("detach metadata: %w", err)
	}
	if err := errors.Join(c.exec("UPDATE state SET term = 0"), c.close()); err != nil {
		return fmt.Errorf("detach metadata: %w", err)
	}
	if err := errors.Join(v.sync(path), v.files().SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("detach metadata: %w", err)
	}
	return nil
}
