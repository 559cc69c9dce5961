package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	"github.com/minio/crc64nvme"
)

// Create commits each chunk as it comes, the last one together with the row
// that makes the blob exist.
func (s *Store) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if err := blob.CheckNew(id, size); err != nil {
		return blob.Info{}, err
	}
	release, err := s.claims.Acquire(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	defer release()

	info, err := s.settle(ctx, id)
	if err == nil {
		return info, fmt.Errorf("create blob: %s: %w", id, blob.ErrExists)
	}
	if errors.Is(err, blob.ErrNotFound) {
		info, err = s.fill(ctx, id, block.NewBody(r, size))
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("create blob: %w", err)
	}
	return info, nil
}

// settle returns the blob that is there already, if every chunk of it is
// whole. One that is not is removed: then, as when there is none, the error is
// blob.ErrNotFound. What can be read was synced, since Open sees to that.
func (s *Store) settle(ctx context.Context, id blob.ID) (blob.Info, error) {
	num, info, err := s.find(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	r := block.NewReader(ctx, &source{s: s, id: id, num: num}, block.Span{Size: info.Size, N: info.Size})
	defer r.Close()
	_, err = r.WriteTo(io.Discard)
	if err == nil {
		return info, nil
	}
	if !errors.Is(err, blob.ErrCorrupt) {
		return blob.Info{}, err
	}
	if err := s.Delete(ctx, id); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
}

// fill writes a new blob.
func (s *Store) fill(ctx context.Context, id blob.ID, body *block.Body) (blob.Info, error) {
	w := &writer{s: s, id: id, num: s.lastNum.Add(1)}
	err := w.copy(ctx, body)
	if err != nil {
		if w.committed > 0 {
			// Its chunks are loose: what cannot be removed now, Open will.
			_ = s.drop(w.num, 0, w.committed)
		}
		return blob.Info{}, err
	}
	return w.sums.Info(id), nil
}

// A writer is a Create at work.
type writer struct {
	s         *Store
	id        blob.ID
	num       int64
	committed int // chunks, all loose
	sums      block.Sums
}

func (w *writer) copy(ctx context.Context, body *block.Body) error {
	buf := block.Get(int(min(body.Left(), block.Size)))
	defer buf.Free()
	for {
		n, err := body.Next(ctx, buf.Bytes)
		if err == io.EOF { // a blob of no bytes
			return w.finish(ctx, nil)
		}
		if err != nil {
			return err
		}
		chunk := buf.Bytes[:n]
		w.sums.Write(chunk)
		if body.Left() > 0 {
			if err := w.add(ctx, chunk); err != nil {
				return err
			}
			continue
		}
		if _, err := body.Next(ctx, nil); err != io.EOF {
			return err
		}
		return w.finish(ctx, chunk)
	}
}

// add commits a chunk that is not the last.
func (w *writer) add(ctx context.Context, chunk []byte) error {
	crc := crc64nvme.Checksum(chunk)
	err := w.s.commit(ctx, len(chunk), func(t *statements) error {
		if w.committed == 0 {
			if err := t.loosen(w.num); err != nil {
				return err
			}
		}
		return t.addChunk(w.num, w.committed, crc, chunk)
	})
	if err == nil {
		w.committed++
	}
	return err
}

// finish commits the last chunk, if there is any, and the blob.
func (w *writer) finish(ctx context.Context, chunk []byte) error {
	info, crc := w.sums.Info(w.id), crc64nvme.Checksum(chunk)
	return w.s.commit(ctx, len(chunk), func(t *statements) error {
		if len(chunk) > 0 {
			if err := t.addChunk(w.num, w.committed, crc, chunk); err != nil {
				return err
			}
		}
		if w.committed > 0 {
			if err := t.bind(w.num); err != nil {
				return err
			}
		}
		return t.addBlob(w.num, info)
	})
}
