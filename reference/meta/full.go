package meta

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// noRoom says whether a write has failed because the disk is full. It is never
// true of a failed sync, after which nothing is known of what is on the disk.
func noRoom(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	// The second is of the index of the WAL, a file that grows with it.
	return e.Code()&0xff == lib.SQLITE_FULL || e.Code() == lib.SQLITE_IOERR_SHMSIZE
}

// write runs fn, a transaction that changes the state, and once more when it has
// found no room and some has been made. It leaves no transaction open.
//
// A COMMIT that has found no room may have written all of the transaction to the
// WAL. It is not in the index of the WAL, though, so that nobody sees it, and what
// is written next takes its place. The applied index tells: it is in there.
func (db *DB) write(fn func() error) error {
	before := db.m.st
	err := db.attempt(fn)
	if !noRoom(err) || db.o.Full == nil || !db.o.Full() {
		return err
	}
	if err := db.m.load(); err != nil {
		return fmt.Errorf("look at what a full disk has left: %w", err)
	}
	if db.m.st != before {
		return fmt.Errorf("after a full disk the state is of entry %d, want %d", db.m.st.applied, before.applied)
	}
	return db.attempt(fn)
}

func (db *DB) attempt(fn func() error) error {
	err := fn()
	if err != nil {
		_ = db.m.c.exec("ROLLBACK") // it fails where SQLite has done so itself; if it stays open, the next BEGIN fails
	}
	return err
}
