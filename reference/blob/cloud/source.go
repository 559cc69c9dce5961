package cloud

import (
	"context"
	"errors"
	"io"

	gocloud "gocloud.dev/blob"

	"bleepstore/reference/blob"
)

// A source reads the bytes of a blob front to back, by one request for as long
// as nothing goes wrong; where the answer breaks off, the next one goes on. It
// is for one goroutine.
type source struct {
	ctx     context.Context
	s       *Store
	id      blob.ID
	at, end int64 // what the answer still holds

	body   *gocloud.Reader // nil: no request is under way
	cancel context.CancelCauseFunc
}

// source reads the bytes from off to end.
func (s *Store) source(ctx context.Context, id blob.ID, off, end int64) *source {
	return &source{ctx: ctx, s: s, id: id, at: off, end: end}
}

// begin makes the first request, or, for an empty range, asks whether the object
// is there.
func (r *source) begin(empty bool) error {
	var err error
	if empty {
		_, err = r.s.size(r.ctx, r.id)
	} else {
		err = absent(r.id, r.s.retry(r.ctx, func() error { return r.request(r.at) }))
	}
	if errors.Is(err, blob.ErrNotFound) {
		r.s.tables.drop(r.id)
	}
	return err
}

// ReadAt fills p with what is at off.
func (r *source) ReadAt(p []byte, off int64) (int, error) {
	err := r.s.retry(r.ctx, func() error {
		if r.body == nil || r.at != off {
			if err := r.request(off); err != nil {
				return err
			}
		}
		err := within(r.s.opt.Stall, r.cancel, func() error {
			_, err := io.ReadFull(r.body, p)
			return err
		})
		if err != nil {
			r.drop()
			return err
		}
		r.at = off + int64(len(p))
		return nil
	})
	if err != nil {
		return 0, absent(r.id, err)
	}
	return len(p), nil
}

// request asks for the bytes from off on.
func (r *source) request(off int64) error {
	r.drop()
	ctx, cancel := context.WithCancelCause(r.ctx)
	err := within(r.s.opt.Timeout, cancel, func() (err error) {
		r.body, err = r.s.bucket.NewRangeReader(ctx, r.s.key(r.id), off, r.end-off, nil)
		return err
	})
	if err != nil {
		cancel(nil)
		r.body = nil
		return err
	}
	r.at, r.cancel = off, cancel
	return nil
}

// drop gives up the request under way.
func (r *source) drop() {
	if r.body != nil {
		r.cancel(nil) // first: Close of some readers reads on to the end
		r.body.Close()
		r.body = nil
	}
}

// Close ends the source.
func (r *source) Close() error {
	r.drop()
	return nil
}
