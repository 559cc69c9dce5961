package reference

import (
	"math"

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
			var s unix.Statfs_t
			if err := unix.Statfs(dir, &s); err != nil {
				return 0, err
			}
			least = min(least, int64(s.Bavail)*s.Bsize)
		}
		return least, nil
	}
}
