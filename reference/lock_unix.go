//go:build unix

package reference

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

var errLocked = errors.New("another server is using it")

// flock holds path against other processes until it is closed or this process
// ends, however that happens.
func flock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}
