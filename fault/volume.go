package fault

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Rename renames a file of fsys; the error is errors.ErrUnsupported where fsys
// is no Renamer.
func Rename(fsys FS, from, to string) error {
	r, ok := fsys.(Renamer)
	if !ok {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: errors.ErrUnsupported}
	}
	return r.Rename(from, to)
}

// Stat looks at a file or a directory of fsys, which may have to open it.
func Stat(fsys FS, name string) (fs.FileInfo, error) {
	if s, ok := fsys.(Stater); ok {
		return s.Stat(name)
	}
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

// ReadFile returns what a file of fsys holds.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	return data, errors.Join(err, f.Close())
}

// RemoveAll removes a file, or a directory with all that is in it; that it is
// not there is no error.
func RemoveAll(fsys FS, name string) error {
	info, err := Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		entries, err := fsys.ReadDir(name)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := RemoveAll(fsys, filepath.Join(name, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := fsys.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
