package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"bleepstore/fault"
	"bleepstore/reference/backup"
)

// Restore makes of the backup that r reads a data directory, of a new store with
// an id of its own: one node, which may become the first of a cluster. The
// directory must be empty or not there. It can be used once Restore has returned
// nil; after an error what was made is removed, and what a process leaves that
// was killed no server starts with.
func Restore(ctx context.Context, c Config, r io.Reader) (m backup.Manifest, err error) {
	if c, err = c.withDefaults(); err != nil {
		return m, fmt.Errorf("config: %w", err)
	}
	if c.Cluster != nil {
		return m, errors.New("a backup is restored to one node, which may found a cluster then")
	}
	if c.Backend == Memory || inCloud(c.Backend) || c.Blobs != nil {
		return m, errors.New("a backup is restored to a directory with a backend of its own: local or sqlite")
	}
	if err := c.vacant(); err != nil { // before the lock puts a file there
		return m, err
	}
	d, err := lockDir(c)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := c.vacant(); err != nil {
		return m, err
	}
	if m, err = restore(ctx, c, d, r); err != nil {
		return m, errors.Join(err, c.vacate())
	}
	return m, nil
}

// restore fills the directories, which d has locked.
func restore(ctx context.Context, c Config, d *datadir, r io.Reader) (m backup.Manifest, err error) {
	id := filepath.Join(c.Dir, idFile)
	if err := (&identity{Restoring: true}).write(c.FS, id); err != nil {
		return m, err
	}
	blobs, _, err := openBlobs(ctx, c)
	if err != nil {
		return m, err
	}
	m, err = backup.Restore(ctx, r, backup.Target{Meta: c.MetaPath, Volume: c.volume(), Blobs: blobs})
	if err = errors.Join(err, blobs.Close()); err != nil {
		return m, err
	}
	for _, dir := range c.dirs() {
		if err := syncDir(c.FS, filepath.Dir(filepath.Clean(dir))); err != nil {
			return m, err
		}
	}
	d.id.Master = m.Master
	return m, d.mint(c)
}

// vacant says whether there is nothing in the directories but locks.
func (c *Config) vacant() error {
	for _, dir := range c.dirs() {
		entries, err := c.FS.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if e.Name() != lockFile {
				return fmt.Errorf("%s is not empty (%s): a backup is restored to a new or empty directory", dir, e.Name())
			}
		}
	}
	return nil
}

// vacate removes what a restore has made in directories that were vacant, the id
// file last: as long as it is there no server starts.
func (c *Config) vacate() error {
	var errs []error
	for _, db := range []string{c.MetaPath, filepath.Join(c.Dir, sqliteFile)} {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			errs = append(errs, ignoreMissing(c.FS.Remove(db+suffix)))
		}
	}
	shards, err := c.FS.ReadDir(c.BlobDir)
	errs = append(errs, ignoreMissing(err))
	for _, s := range shards {
		if s.IsDir() {
			errs = append(errs, fault.RemoveAll(c.FS, filepath.Join(c.BlobDir, s.Name())))
		}
	}
	if filepath.Dir(c.BlobDir) == filepath.Clean(c.Dir) {
		errs = append(errs, ignoreMissing(c.FS.Remove(c.BlobDir)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what was restored: %w", err)
	}
	return ignoreMissing(c.FS.Remove(filepath.Join(c.Dir, idFile)))
}
