package meta

import (
	"errors"
	"fmt"
	"io"

	"bleepstore/fault"
)

// Reload goes on from the snapshot that r reads, in the place of what the
// database holds, and publishes its applied index and epoch. It is called by the goroutine
// that Applies. The snapshot is written to a new file and checked while Views
// go on; then they wait until it is open. One that holds nothing newer than the
// database is left alone, for the applied index never goes back: moved is false.
// An error that is no *FatalError has changed nothing.
func (db *DB) Reload(r io.Reader) (moved bool, err error) {
	if err := db.Err(); err != nil {
		return false, err
	}
	if db.o.Path == "" || !db.o.volume().whole() {
		return false, errors.New("reload metadata: not a file, or of a VFS whose files nobody else sees")
	}
	v, part := db.o.volume(), db.o.Path+".part"
	applied, err := v.receive(r, part)
	if err == nil && restoreKeeps.On() {
		err = v.keep(part, db.o.Path)
	}
	if err != nil || applied <= db.Applied() {
		if err = errors.Join(err, v.remove(part)); err != nil {
			err = fmt.Errorf("reload metadata: %w", err)
		}
		return false, err
	}
	db.swap.Lock()
	defer db.swap.Unlock()
	db.buckets.turn()
	defer db.buckets.turn()
	if err = db.Close(); err == nil {
		err = v.replace(part, db.o.Path)
	}
	if err == nil {
		err = db.open()
	}
	if err != nil {
		return false, db.fail(fmt.Errorf("reload: %w", err))
	}
	db.moved.wake()
	return true, nil
}

var restoreKeeps = fault.NewBug("restore.keeps-old",
	"a follower that goes on from a snapshot keeps the objects of its own state that are not in it, so that deleted ones are back", "Z-01", "Z-05", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis snapshot --shrink 0s")

// keep is the bug restore.keeps-old: it copies rows from the database at path to
// the one at part that has none in their place.
func (v Volume) keep(part, path string) error {
	c, err := openConn(v.dsn(part), "busy_timeout = 1000")
	if err != nil {
		return err
	}
	return errors.Join(c.script("ATTACH '"+v.dsn(path)+"' AS old; INSERT OR IGNORE INTO live SELECT * FROM old.live; "+
		"INSERT OR IGNORE INTO inline SELECT * FROM old.inline; DETACH old"), c.close())
}

// Flush makes what was applied so far durable, also with SyncNormal. It is
// called by the goroutine that Applies.
//
// It is a commit with SyncFull that changes nothing: SQLite syncs the whole
// write-ahead log with it. A checkpoint would not do, for one that a reader
// holds up returns success and syncs nothing.
func (db *DB) Flush() error {
	if err := db.Err(); err != nil {
		return err
	}
	if db.o.Sync != SyncNormal {
		return nil
	}
	if err := db.write(db.flush); err != nil {
		return db.fail(fmt.Errorf("flush: %w", err))
	}
	return nil
}

func (db *DB) flush() error {
	db.m.marked = db.m.st.applied
	// The page has to be written: SQLite leaves out one that stays the same.
	for _, sql := range []string{
		"PRAGMA synchronous = FULL", "BEGIN IMMEDIATE", "UPDATE state SET applied = -1",
		fmt.Sprintf("UPDATE state SET applied = %d", db.m.st.applied), "COMMIT", "PRAGMA synchronous = NORMAL",
	} {
		if err := db.m.c.script(sql); err != nil {
			return err
		}
	}
	return nil
}
