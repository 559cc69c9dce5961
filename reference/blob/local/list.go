package local

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bleepstore/reference/blob"
)

// pageLen is Store.pageLen where no test says otherwise.
const pageLen = 64 << 10

// List reads all directories for each 65,536 ids, so that its memory does not
// grow with the store.
func (s *Store) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	for {
		ids, err := s.page(ctx, after)
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			info, ok, err := s.stat(id)
			if err != nil {
				return fmt.Errorf("list blobs: %w", err)
			}
			if !ok {
				continue
			}
			if err := fn(info); err != nil {
				return err
			}
		}
		if len(ids) < s.pageLen {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// page returns the first pageLen ids behind after, in order.
func (s *Store) page(ctx context.Context, after blob.ID) ([]blob.ID, error) {
	var ids []blob.ID
	for _, dir := range s.dirs {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		entries, err := s.fs.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if id := blob.ID(e.Name()); id > after && id.Check() == nil {
				ids = append(ids, id)
			}
			if len(ids) == 2*s.pageLen {
				ids = first(ids, s.pageLen)
			}
		}
	}
	return first(ids, s.pageLen), nil
}

// first sorts ids and returns the first n of them.
func first(ids []blob.ID, n int) []blob.ID {
	slices.Sort(ids)
	return ids[:min(len(ids), n)]
}

// Stat reads the file's trailer.
func (s *Store) Stat(ctx context.Context, id blob.ID) (blob.Info, error) {
	if ctx.Err() != nil {
		return blob.Info{}, context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return blob.Info{}, err
	}
	info, ok, err := s.stat(id)
	if err != nil {
		return blob.Info{}, err
	}
	if !ok || info.Partial {
		return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	return info, nil
}

// stat reads a file's trailer; false if a Create is at work on the file, or it
// was removed meanwhile.
func (s *Store) stat(id blob.ID) (blob.Info, bool, error) {
	release, ok := s.claims.Try(id)
	if !ok {
		return blob.Info{}, false, nil
	}
	defer release()
	f, table, err := s.open(id)
	switch {
	case err == nil:
		f.Close()
		return table.Info(), true, nil
	case errors.Is(err, errNoFile):
		return blob.Info{}, false, nil
	case errors.Is(err, blob.ErrNotFound):
		return blob.Info{ID: id, Partial: true}, true, nil
	}
	return blob.Info{}, false, err
}
