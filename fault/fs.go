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

// A Renamer is an FS that can give a file another name, in one step that a
// reader and a crash see whole or not at all, and replace what had that name.
// It is durable after SyncDir of both directories. See Rename.
type Renamer interface {
	Rename(from, to string) error
}

// A Stater is an FS that can look at a file without opening it. See Stat.
type Stater interface {
	Stat(name string) (fs.FileInfo, error)
}

// A Spacer is an FS that knows how much room the volume of a directory has. One
// that is not knows no limit of its own.
type Spacer interface {
	Space(dir string) (free, total int64, err error)
}

// A Locker is an FS that keeps a file for one holder, until Close or the end of
// the process that the FS is for. It creates the file. What somebody else holds
// is ErrLocked. The files of an FS that is none are locked as the operating
// system does it.
type Locker interface {
	Lock(name string) (io.Closer, error)
}

// ErrLocked is a file that somebody else holds.
var ErrLocked = errors.New("file is locked")

// A Truncater is a File whose size can be set.
type Truncater interface {
	Truncate(size int64) error
}

// An Allocator is a File that takes the room for size bytes before they are
// written, or fails. Its size is at least size then. Not every system can do it:
// zeros are written elsewhere.
type Allocator interface {
	Allocate(size int64) error
}

// OS is the operating system's own file system. It is a Renamer and a Stater,
// and its files are Truncaters.
type OS struct{}

var (
	_ FS        = OS{}
	_ Renamer   = OS{}
	_ Stater    = OS{}
	_ Truncater = (*os.File)(nil)
)

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

func (OS) Rename(from, to string) error { return os.Rename(from, to) }

func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
