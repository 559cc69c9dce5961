package reference

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a data directory, beside the databases and the blobs.
const (
	lockFile = "lock"
	idFile   = "id"
)

// dirFormat is the version of the layout that this program writes and reads.
const dirFormat = 1

// An identity is the id file: what the directory is and how it was begun.
type identity struct {
	Format  int    `json:"format"`
	ID      string `json:"id"` // of the store, random
	Backend string `json:"backend"`
}

// A datadir is a locked data directory.
type datadir struct {
	locks []io.Closer
	id    identity
}

// openDir makes and locks the data directory, and any directory outside of it
// that holds data, and reads or writes its identity.
func openDir(c Config) (_ *datadir, err error) {
	d := &datadir{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	dirs := []string{c.Dir}
	for _, path := range []string{filepath.Dir(c.MetaPath), c.BlobDir} {
		if rel, err := filepath.Rel(c.Dir, path); err != nil || !filepath.IsLocal(rel) {
			dirs = append(dirs, path)
		}
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
		l, err := lock(filepath.Join(dir, lockFile))
		if err != nil {
			return nil, fmt.Errorf("data directory %s: %w", dir, err)
		}
		d.locks = append(d.locks, l)
	}
	if err := d.identify(c); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", c.Dir, err)
	}
	return d, nil
}

func (d *datadir) close() error {
	var errs []error
	for _, l := range d.locks {
		errs = append(errs, l.Close())
	}
	d.locks = nil
	return errors.Join(errs...)
}

// identify reads the id file. A directory without one is new, unless there is
// metadata in it: then it is not whole, and starting would hide that.
func (d *datadir) identify(c Config) error {
	path := filepath.Join(c.Dir, idFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(c.MetaPath); err == nil {
			return fmt.Errorf("there is %s but no file %s", c.MetaPath, idFile)
		}
		return d.mint(c, path)
	case err != nil:
		return err
	}
	if err := json.Unmarshal(text, &d.id); err != nil {
		return fmt.Errorf("file %s: %w", idFile, err)
	}
	if d.id.Format != dirFormat {
		return fmt.Errorf("format %d: this program knows %d", d.id.Format, dirFormat)
	}
	if d.id.Backend != c.Backend {
		return fmt.Errorf("it was begun with the backend %s: %s would not find its bodies", d.id.Backend, c.Backend)
	}
	return nil
}

func (d *datadir) mint(c Config, path string) error {
	var random [16]byte
	if _, err := io.ReadFull(c.Rand, random[:]); err != nil {
		return fmt.Errorf("make id: %w", err)
	}
	d.id = identity{Format: dirFormat, ID: hex.EncodeToString(random[:]), Backend: c.Backend}
	text, err := json.Marshal(d.id)
	if err != nil {
		return err
	}
	return replaceFile(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// replaceFile writes a file that is there whole or not at all, and is durable
// when it returns. The directory's lock keeps others from its temporary name.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(tmp)))
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
