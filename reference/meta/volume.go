package meta

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bleepstore/fault"
)

// A Volume is where the files of databases are. The zero value is the operating
// system's. VFS names a registered SQLite VFS, "" the system's; FS shows the same
// files under the same names, nil the system's.
type Volume struct {
	FS  fault.FS
	VFS string
}

func (v Volume) files() fault.FS {
	if v.FS == nil {
		return fault.OS{}
	}
	return v.FS
}

// whole says whether SQLite and FS show the same files: a VFS of its own with the
// system's files beside it does not.
func (v Volume) whole() bool { return v.VFS == "" || v.FS != nil }

// dsn names the database in a file for the driver.
func (v Volume) dsn(file string) string { return dsn(file, v.VFS) }

// target is dsn for a file into which another database is copied. The VFS has to
// be said: it is that of the other one otherwise.
func (v Volume) target(file string) string {
	if v.VFS == "" {
		return dsn(file, systemVFS())
	}
	return v.dsn(file)
}

// remove removes a file that may be missing.
func (v Volume) remove(path string) error {
	if err := v.files().Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync makes what a finished file holds durable, not its name.
func (v Volume) sync(path string) error {
	f, err := v.files().OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// publish makes a finished file durable and gives it its name.
func (v Volume) publish(part, path string) error {
	if err := v.sync(part); err != nil {
		return err
	}
	if err := fault.Rename(v.files(), part, path); err != nil {
		return err
	}
	return v.files().SyncDir(filepath.Dir(path))
}

// write makes a file of what r reads, in the place of one that is there.
func (v Volume) write(path string, r io.Reader) error {
	f, err := v.files().OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
