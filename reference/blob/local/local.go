// Package local keeps each blob in a file of its own, in the format of package
// block. A file has its final name from the start and is made with O_EXCL; the
// blob exists once its trailer does, and is durable after one sync of the file
// and one of its directory, which Creates that end at once share. It knows
// nothing of what the blobs are for.
package local

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bleepstore/fault"
	"bleepstore/reference/batch"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// shards is the number of directories that share the files. It is part of the
// layout on disk.
const shards = 64

// A Store is a blob.Store in a directory.
type Store struct {
	fs     fault.FS
	dirs   [shards]string
	syncs  [shards]*batch.Batch[struct{}]
	claims blob.Claims
	broken blob.Breaker
	// pageLen is how many ids List holds in memory at most, twice.
	pageLen int
}

var _ blob.Store = (*Store)(nil)

// Open opens the store in the directory root, which it makes if need be. Only
// one process may have it open; to see to that is the caller's part.
func Open(root string, fsys fault.FS) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("blob directory: %w", err)
	}
	s := &Store{fs: fsys, pageLen: pageLen}
	for i := range s.dirs {
		dir := filepath.Join(root, fmt.Sprintf("%02x", i))
		s.dirs[i] = dir
		s.syncs[i] = batch.New(0, 0, func([]struct{}) error { return s.syncDir(dir) })
	}
	if err := s.makeDirs(root); err != nil {
		return nil, fmt.Errorf("blob directory: %w", err)
	}
	return s, nil
}

// makeDirs makes what is missing, and every directory durable in its parent:
// always, because a process that died here may have left that to the next.
func (s *Store) makeDirs(root string) error {
	parents := []string{filepath.Dir(root)}
	for dir := parents[0]; dir != filepath.Dir(dir) && s.missing(dir); {
		dir = filepath.Dir(dir)
		parents = append(parents, dir)
	}
	for _, dir := range s.dirs {
		if err := s.fs.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := s.fs.SyncDir(root); err != nil {
		return err
	}
	for _, dir := range parents {
		// A directory that we may not read is one that somebody else set up.
		if err := s.fs.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

func (s *Store) missing(dir string) bool {
	f, err := s.fs.OpenFile(dir, os.O_RDONLY, 0)
	if err == nil {
		f.Close()
	}
	return errors.Is(err, fs.ErrNotExist)
}

// Open opens the file, reads its trailer, and serves blocks from it.
func (s *Store) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return nil, err
	}
	f, table, err := s.open(id)
	if err != nil {
		return nil, err
	}
	r, err := table.Open(ctx, f, off, n)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// Delete unlinks the file and leaves it to the system to make that durable.
// Readers that have it open go on.
func (s *Store) Delete(ctx context.Context, id blob.ID) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return err
	}
	if err := s.fs.Remove(s.name(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// Close waits for the directory syncs under way.
func (s *Store) Close() error {
	for _, b := range s.syncs {
		b.Close()
	}
	return nil
}

// errNoFile is the blob.ErrNotFound of a file that is not there at all.
var errNoFile = fmt.Errorf("no file: %w", blob.ErrNotFound)

// open returns the file of a whole blob and its trailer.
func (s *Store) open(id blob.ID) (fault.File, *block.Table, error) {
	f, err := s.fs.OpenFile(s.name(id), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: %w", id, errNoFile)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open blob: %w", err)
	}
	stat, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("open blob: %w", err)
	}
	table, err := block.ReadTable(id, f, stat.Size())
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, table, nil
}

func (s *Store) name(id blob.ID) string { return filepath.Join(s.dirs[shard(id)], string(id)) }

func shard(id blob.ID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % shards)
}
