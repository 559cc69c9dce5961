package raftlog

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

// unchanged sees that nothing is there of a transaction that has failed: tried
// again, it would be there twice.
func (s *Store) unchanged() error {
	row, err := s.w.first(`SELECT (SELECT min("index") FROM raft_log), (SELECT max("index") FROM raft_log)`)
	if err != nil {
		return fmt.Errorf("look at what a full disk has left: %w", err)
	}
	if got, want := (span{uint64(num(row[0])), uint64(num(row[1]))}), *s.log.Load(); got != want {
		return fmt.Errorf("after a full disk the log is %d to %d, want %d to %d", got.first, got.last, want.first, want.last)
	}
	return nil
}
