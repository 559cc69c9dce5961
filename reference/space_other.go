//go:build !linux

package reference

import (
	"errors"
	"os"
)

// freeSpace returns nil: the stores tell when they are full.
func freeSpace(...string) func() (int64, error) { return nil }

// volumeOf returns nil: there is no reserve where nobody says when it is needed.
func volumeOf(string) func() (free, total int64, err error) { return nil }

// preallocate makes a file for which all room is taken, or fails.
func preallocate(path string, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writeZeros(f, size)
}
