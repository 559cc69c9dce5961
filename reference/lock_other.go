//go:build !unix

package reference

import (
	"errors"
	"io"
)

var errLocked = errors.New("another server is using it")

// flock is refused where there is no lock that dies with its process.
func flock(string) (io.Closer, error) {
	return nil, errors.New("data on disk needs a Unix system; the memory backend without snapshot does not")
}
