package mount

import (
	"fmt"
	"os/exec"
)

// fusermounts are the programs that mount for ordinary users, where they are
// installed.
var fusermounts = []string{"fusermount3", "fusermount"}

func hasFusermount() bool {
	for _, name := range fusermounts {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}

func unmountAsUser(dir string) error {
	for _, name := range fusermounts {
		if path, err := exec.LookPath(name); err == nil {
			if out, err := exec.Command(path, "-u", "-z", dir).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", name, err, out)
			}
			return nil
		}
	}
	return exec.ErrNotFound
}
