//go:build !linux

package reference

import (
	"errors"
	"os"
)

// systemVolume returns nil: there is no reserve where nobody says when it is
// needed.
func systemVolume(string) func() (free, total int64, err error) { return nil }

// allocate says that there is no way to.
func allocate(*os.File, int64) error { return errors.ErrUnsupported }
