package fault

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// An FS is what durable code needs of a file system; names are paths as the
// operating system takes them. Errors are those of package os (fs.ErrNotExist,
// fs.ErrExist, syscall numbers below them). All methods may be called together.
//
// What OpenFile, MkdirAll and Remove change in a directory survives a loss of
// power only after SyncDir of that directory; what Write changes in a file,
// only after its Sync.
type FS interface {
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	MkdirAll(name string, perm fs.FileMode) error
	Remove(name string) error
	// ReadDir returns the entries of a directory sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	SyncDir(name string) error
}

// A File is an open file. Whoever opened it closes it. ReadAt may be called by
// several goroutines; the rest by one at a time.
type File interface {
	io.ReaderAt
	io.Writer
	io.Closer
	// Sync returns when everything written is on stable storage. After an
	// error what was written may be lost though it can be read back: the
	// process has to stop.
	Sync() error
	Stat() (fs.FileInfo, error)
}

// OS is the operating system's own file system.
type OS struct{}

func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // not f: a nil *os.File would be a File that is not nil
	}
	return f, nil
}

func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

func (OS) Remove(name string) error { return os.Remove(name) }

func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
