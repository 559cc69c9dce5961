package reference

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// systemVolume is volumeOf for a directory of the operating system's.
func systemVolume(dir string) func() (free, total int64, err error) {
	return func() (int64, int64, error) {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return 0, 0, err
		}
		return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
	}
}

// allocate takes room for a file; errors.ErrUnsupported says that the volume
// cannot be told to.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return err
}
