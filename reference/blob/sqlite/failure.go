package sqlite

import (
	"errors"
	"fmt"

	"bleepstore/reference/blob"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// failure gives an error of SQLite the meaning that it has in package blob.
func failure(err error) error {
	switch code(err) {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", blob.ErrCorrupt, err)
	}
	return err
}

// isDisk says whether err is one of the disk. In a write or a checkpoint that
// may be a failed sync, or leave SQLite in doubt of what is on the disk.
func isDisk(err error) bool { return code(err) == lib.SQLITE_IOERR }

// code returns the primary result code, or SQLITE_OK for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return lib.SQLITE_OK
}
