package reference

import (
	"math"
	"path/filepath"

	"bleepstore/fault"
)

// volumeOf returns a probe of a directory's volume: the bytes that are free to
// us, and those that it has. It is nil where nobody tells: the stores say then
// that they are full.
func (c *Config) volumeOf(dir string) func() (free, total int64, err error) {
	if s, ok := c.FS.(fault.Spacer); ok {
		return func() (int64, int64, error) { return s.Space(dir) }
	}
	if c.VFS != "" { // the directory is none of the system's
		return nil
	}
	return systemVolume(dir)
}

// freeSpace returns a probe of the bytes that are free to us on the fuller of the
// volumes of the metadata and of the directory of the blobs, "" if that is not
// known; nil where nobody tells.
func (c *Config) freeSpace(bodies string) func() (int64, error) {
	var probes []func() (int64, int64, error)
	for _, dir := range []string{filepath.Dir(c.MetaPath), bodies} {
		if dir == "" {
			continue
		}
		probe := c.volumeOf(dir)
		if probe == nil {
			return nil
		}
		probes = append(probes, probe)
	}
	return func() (int64, error) {
		least := int64(math.MaxInt64)
		for _, probe := range probes {
			free, _, err := probe()
			if err != nil {
				return 0, err
			}
			least = min(least, free)
		}
		return least, nil
	}
}
