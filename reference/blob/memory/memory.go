// Package memory keeps blobs in memory up to a limit, and can write all of
// them to a stream and read them back. It promises no durability, and does not
// verify what it reads from memory. It knows nothing of files.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// A Store is a blob.Store in memory.
type Store struct {
	max    int64
	claims blob.Claims

	mu    sync.RWMutex
	blobs map[blob.ID]*entry
	used  int64 // bytes of all blobs, and those that running Creates announced
}

// entry is a whole blob. It is immutable.
type entry struct {
	info   blob.Info
	blocks [][]byte // each of block.Size bytes, the last one shorter
	sums   *block.Sums
}

var _ blob.Store = (*Store)(nil)

// New returns an empty store for at most maxBytes bytes of blobs; 0 means no
// limit. What it needs besides is a small part of that.
func New(maxBytes int64) *Store {
	return &Store{max: maxBytes, blobs: map[blob.ID]*entry{}}
}

// Create fails with blob.ErrFull when the announced size does not fit, before
// it reads anything.
func (s *Store) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if err := blob.CheckNew(id, size); err != nil {
		return blob.Info{}, err
	}
	release, err := s.claims.Acquire(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	defer release()

	if old := s.get(id); old != nil {
		return old.info, fmt.Errorf("create blob: %s: %w", id, blob.ErrExists)
	}
	if err := s.reserve(size); err != nil {
		return blob.Info{}, fmt.Errorf("create blob: %w", err)
	}
	e, err := load(ctx, id, block.NewBody(r, size))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.used -= size
		return blob.Info{}, fmt.Errorf("create blob: %w", err)
	}
	s.blobs[id] = e
	return e.info, nil
}

// load reads a body to its end. Memory is taken block by block, so that a
// client that announces much and sends little costs little.
func load(ctx context.Context, id blob.ID, body *block.Body) (*entry, error) {
	e := &entry{sums: &block.Sums{}}
	for {
		b := make([]byte, min(body.Left(), block.Size))
		n, err := body.Next(ctx, b)
		if err == io.EOF {
			e.info = e.sums.Info(id)
			return e, nil
		}
		if err != nil {
			return nil, err
		}
		e.sums.Write(b[:n])
		e.blocks = append(e.blocks, b[:n])
	}
}

// reserve takes size bytes of the limit.
func (s *Store) reserve(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.max > 0 && size > s.max-s.used {
		return fmt.Errorf("%w: %d bytes do not fit beside %d of %d", blob.ErrFull, size, s.used, s.max)
	}
	s.used += size
	return nil
}

// Open returns a reader that keeps the blob's memory until it is closed or
// collected, also when the blob is deleted.
func (s *Store) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return nil, err
	}
	e := s.get(id)
	if e == nil {
		return nil, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	span, err := block.NewSpan(id, e.info.Size, off, n)
	if err != nil {
		return nil, err
	}
	return &reader{ctx: ctx, blocks: e.blocks, off: span.Off, end: span.Off + span.N}, nil
}

// Stat looks the blob up.
func (s *Store) Stat(ctx context.Context, id blob.ID) (blob.Info, error) {
	if ctx.Err() != nil {
		return blob.Info{}, context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return blob.Info{}, err
	}
	e := s.get(id)
	if e == nil {
		return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	return e.info, nil
}

// Delete makes the blob's size available again at once, though readers may
// still hold its memory.
func (s *Store) Delete(ctx context.Context, id blob.ID) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.blobs[id]; e != nil {
		s.used -= e.info.Size
		delete(s.blobs, id)
	}
	return nil
}

// List yields the blobs that there were when it was called.
func (s *Store) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	for _, e := range s.sorted(after) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := fn(e.info); err != nil {
			return err
		}
	}
	return nil
}

// Close forgets all blobs.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs, s.used = map[blob.ID]*entry{}, 0
	return nil
}

func (s *Store) get(id blob.ID) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.blobs[id]
}

// sorted returns the blobs behind after in the order of ids.
func (s *Store) sorted(after blob.ID) []*entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*entry, 0, len(s.blobs))
	for id, e := range s.blobs {
		if id > after {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.info.ID, b.info.ID) })
	return all
}
