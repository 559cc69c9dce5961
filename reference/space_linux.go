package reference

import "golang.org/x/sys/unix"

// freeSpace returns a probe of the bytes free to us on dir's volume.
func freeSpace(dir string) func() (int64, error) {
	return func() (int64, error) {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return 0, err
		}
		return int64(s.Bavail) * s.Bsize, nil
	}
}
