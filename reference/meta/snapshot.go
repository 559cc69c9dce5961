package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"bleepstore/fault"
)

// Snapshot is Save with a promise: the file is complete, checked, synced and
// has its name only when Snapshot returns nil, and takes the place of one that
// was there. It returns the applied index of the copy, read from the copy.
func (db *DB) Snapshot(ctx context.Context, path string) (applied uint64, err error) {
	v, part := db.o.volume(), path+".part"
	if err = v.remove(part); err == nil {
		err = db.Save(ctx, part)
	}
	if err == nil && snapshotMisses.On() {
		err = v.relabel(part, db)
	}
	if err == nil {
		applied, err = v.appliedOf(part)
	}
	if err == nil {
		err = v.publish(part, path)
	}
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", errors.Join(err, v.remove(part)))
	}
	return applied, nil
}

var snapshotMisses = fault.NewBug("snapshot.misses-writes",
	"a copy of the state that took a while is taken for that of the index at its end, and lacks what was written meanwhile", "Z-01", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis snapshot --shrink 0s")

// relabel is the bug snapshot.misses-writes.
func (v Volume) relabel(part string, db *DB) error {
	time.Sleep(500 * time.Millisecond) // the while
	return v.SetApplied(part, db.Applied())
}

// SetApplied makes the database at path, which no DB has open, say that it has
// applied index: what bugs of snapshots come to.
func (v Volume) SetApplied(path string, index uint64) error {
	c, err := openConn(v.dsn(path), "busy_timeout = 1000")
	if err != nil {
		return err
	}
	return errors.Join(c.script(fmt.Sprintf("UPDATE state SET applied = %d", index)), c.close())
}

// ErrDamaged is a file that SQLite or its quick_check does not take for a
// database of this package.
var ErrDamaged = errors.New("metadata is damaged")

// Inspect checks the database at path, which no DB has open, and returns its
// applied index: fs.ErrNotExist, ErrDamaged, or that it could not be read.
func (v Volume) Inspect(path string) (applied uint64, err error) {
	if _, err := fault.Stat(v.files(), path); err != nil { // SQLite would create it
		return 0, err
	}
	applied, err = v.appliedOf(path)
	return applied, damaged(err)
}

// Inspect is Volume.Inspect of the system's files.
func Inspect(path string) (applied uint64, err error) { return Volume{}.Inspect(path) }

// appliedOf checks a snapshot and returns its applied index.
func (v Volume) appliedOf(path string) (uint64, error) {
	c, err := openConn(v.dsn(path), "query_only = ON")
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
func (v Volume) Restore(snapshot, path string) error {
	src, err := v.files().OpenFile(snapshot, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer src.Close()
	part := path + ".part"
	info, err := src.Stat()
	if err == nil {
		_, err = v.receive(io.NewSectionReader(src, 0, info.Size()), part)
	}
	if err == nil {
		err = v.replace(part, path)
	}
	if err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, v.remove(part)))
	}
	return nil
}

// Restore is Volume.Restore of the system's files.
func Restore(snapshot, path string) error { return Volume{}.Restore(snapshot, path) }

// receive writes a snapshot to the file part, checks it and returns its
// applied index.
func (v Volume) receive(r io.Reader, part string) (applied uint64, err error) {
	if err := v.write(part, r); err != nil {
		return 0, err
	}
	return v.appliedOf(part)
}

// replace gives a checked file the name of a database that no DB has open.
func (v Volume) replace(part, path string) error {
	// The database goes before its WAL: one without the other could be torn,
	// and the old WAL must not be taken for the new database's.
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if err := v.remove(old); err != nil {
			return err
		}
		if err := v.files().SyncDir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	fault.Point("state.removed")
	return v.publish(part, path)
}
