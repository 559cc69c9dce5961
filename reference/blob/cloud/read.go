package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// errNoObject is the blob.ErrNotFound of an object that is not there at all.
var errNoObject = fmt.Errorf("no object: %w", blob.ErrNotFound)

// Open reads the trailer, unless it is remembered, then asks for the blocks of
// the range by one request. With a trailer that is remembered it waits for the
// answer, which shows that the blob is there still.
func (s *Store) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if err := check(ctx, id); err != nil {
		return nil, err
	}
	e, known := s.tables.get(id)
	if !known {
		var err error
		if e, err = s.look(ctx, id); err != nil {
			return nil, err
		}
	}
	span, err := block.NewSpan(id, e.info.Size, off, n)
	if err != nil {
		return nil, err
	}
	src := s.source(ctx, id, span.Off/block.Size*block.Size, min(e.info.Size, (span.Off+span.N+block.Size-1)/block.Size*block.Size))
	r, err := e.table.Open(ctx, src, off, n)
	if err == nil && known {
		if err = src.begin(span.N == 0); err != nil {
			r.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Stat asks for the object's size, and for its trailer unless that is remembered.
func (s *Store) Stat(ctx context.Context, id blob.ID) (blob.Info, error) {
	if err := check(ctx, id); err != nil {
		return blob.Info{}, err
	}
	total, err := s.size(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	info, ok, err := s.describe(ctx, id, total)
	if err != nil {
		return blob.Info{}, err
	}
	if !ok || info.Partial {
		return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	return info, nil
}

// describe tells of an object of total bytes what List does; false if a Create
// is at work on it, or it was removed meanwhile.
func (s *Store) describe(ctx context.Context, id blob.ID, total int64) (blob.Info, bool, error) {
	release, ok := s.claims.Try(id)
	if !ok {
		return blob.Info{}, false, nil
	}
	defer release()
	if e, known := s.tables.get(id); known && e.total == total {
		return e.info, true, nil
	}
	e, err := s.load(ctx, id, total)
	switch {
	case err == nil:
		return e.info, true, nil
	case errors.Is(err, errNoObject):
		return blob.Info{}, false, nil
	case errors.Is(err, blob.ErrNotFound):
		return blob.Info{ID: id, Partial: true}, true, nil
	}
	return blob.Info{}, false, err
}

// look reads the trailer of a blob. The error is errNoObject if there is no
// object, another blob.ErrNotFound if there is one without a trailer.
func (s *Store) look(ctx context.Context, id blob.ID) (entry, error) {
	total, err := s.size(ctx, id)
	if err != nil {
		return entry{}, err
	}
	return s.load(ctx, id, total)
}

// size asks for the length of the object.
func (s *Store) size(ctx context.Context, id blob.ID) (int64, error) {
	var total int64
	err := s.do(ctx, s.opt.Timeout, func(ctx context.Context) error {
		a, err := s.bucket.Attributes(ctx, s.key(id))
		if err == nil {
			total = a.Size
		}
		return err
	})
	return total, absent(id, err)
}

// load reads the trailer of an object of total bytes.
func (s *Store) load(ctx context.Context, id blob.ID, total int64) (entry, error) {
	t, err := block.ReadTable(id, &end{ctx, s, id}, total)
	if err != nil {
		return entry{}, err
	}
	e := entry{table: t, info: t.Info(), total: total}
	s.tables.put(e)
	return e, nil
}

// absent makes errNoObject of the blob.ErrNotFound of a request.
func absent(id blob.ID, err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("%s: %w", id, errNoObject)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

// An end is an io.ReaderAt of pieces of an object, a request each.
type end struct {
	ctx context.Context
	s   *Store
	id  blob.ID
}

func (e *end) ReadAt(p []byte, off int64) (int, error) {
	err := e.s.do(e.ctx, e.s.opt.Timeout, func(ctx context.Context) error {
		r, err := e.s.bucket.NewRangeReader(ctx, e.s.key(e.id), off, int64(len(p)), nil)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.ReadFull(r, p)
		return err
	})
	if err != nil {
		return 0, absent(e.id, err)
	}
	return len(p), nil
}
