package reference

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace returns a probe of the bytes that are free to us on the fullest of
// the directories' volumes; "" is no directory.
func freeSpace(dirs ...string) func() (int64, error) {
	return func() (int64, error) {
		least := int64(math.MaxInt64)
		for _, dir := range dirs {
			if dir == "" {
				continue
			}
			free, _, err := volumeOf(dir)()
			if err != nil {
				return 0, err
			}
			least = min(least, free)
		}
		return least, nil
	}
}

// volumeOf returns a probe of a directory's volume: the bytes that are free to
// us, and those that it has.
func volumeOf(dir string) func() (free, total int64, err error) {
	return func() (int64, int64, error) {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return 0, 0, err
		}
		return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
	}
}

// preallocate makes a file for which all room is taken, or fails.
func preallocate(path string, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		err = writeZeros(f, size)
	}
	return err
}
