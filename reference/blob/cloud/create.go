package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	gocloud "gocloud.dev/blob"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// together is how many parts of one blob are under way at once.
const together = 2

// Create looks whether there is a blob of that id first, since its body must
// not be read then; after that the condition under which the object is made
// keeps others out.
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
		body := block.NewBody(r, size)
		if size <= s.opt.Small {
			info, err = s.put(ctx, id, body)
		} else {
			info, err = s.stream(ctx, id, body)
		}
	}
	if err != nil {
		return info, fmt.Errorf("create blob: %w", err)
	}
	return info, nil
}

// settle looks at what is there: a whole blob is read to its end and described.
// Anything else is removed, and blob.ErrNotFound returned.
func (s *Store) settle(ctx context.Context, id blob.ID) (blob.Info, error) {
	s.tables.drop(id)
	e, err := s.look(ctx, id)
	if err == nil {
		src := s.source(ctx, id, 0, e.info.Size)
		err = e.table.Verify(ctx, src)
		src.Close()
	}
	switch {
	case err == nil:
		return e.info, nil
	case errors.Is(err, errNoObject):
		return blob.Info{}, err
	case !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrCorrupt):
		return blob.Info{}, err
	}
	if err := s.Delete(ctx, id); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
}

// put reads a small body to its end, then makes the object by one request.
func (s *Store) put(ctx context.Context, id blob.ID, body *block.Body) (blob.Info, error) {
	var whole bytes.Buffer
	info, err := block.Copy(ctx, &whole, body, id)
	if err != nil {
		return blob.Info{}, err
	}
	opt := writing()
	opt.IfNotExist = s.conditional
	err = s.do(ctx, s.opt.Stall, func(ctx context.Context) error {
		return s.bucket.Upload(ctx, s.key(id), bytes.NewReader(whole.Bytes()), opt)
	})
	if err != nil {
		return s.unclear(ctx, id, info, err)
	}
	if t, err := block.ReadTable(id, bytes.NewReader(whole.Bytes()), int64(whole.Len())); err == nil {
		s.tables.put(entry{table: t, info: info, total: int64(whole.Len())})
	}
	return info, nil
}

// stream sends a body in parts as it comes. When it fails, the upload's context
// ends before the upload is closed.
func (s *Store) stream(ctx context.Context, id blob.ID, body *block.Body) (blob.Info, error) {
	upload, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opt := writing()
	opt.IfNotExist, opt.BufferSize, opt.MaxConcurrency = s.conditional, s.opt.Provider.PartSize, together
	w, err := s.bucket.NewWriter(upload, s.key(id), opt)
	if err != nil {
		return blob.Info{}, s.failure(err)
	}
	out := &sink{w: w, limit: s.opt.Stall, cancel: cancel}
	info, err := block.Copy(ctx, out, body, id)
	if err != nil {
		cancel(err)
		s.forget(ctx, id, w.Close())
		switch {
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case out.err != nil:
			err = s.failure(out.err)
		}
		return blob.Info{}, err
	}
	if err := within(s.opt.Stall, cancel, w.Close); err != nil {
		if ctx.Err() != nil {
			return blob.Info{}, context.Cause(ctx)
		}
		return s.unclear(ctx, id, info, s.failure(err))
	}
	return info, nil
}

// forget removes what a failed upload of id may have left, after ctx has ended
// too. closed is what closing it returned: nil if the object was made after all.
func (s *Store) forget(ctx context.Context, id blob.ID, closed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.Timeout)
	defer cancel()
	var err error
	if closed == nil {
		err = s.Delete(ctx, id)
	} else if s.opt.Provider.Abort != nil {
		err = s.opt.Provider.Abort(ctx, Uploads{Name: s.key(id)})
	}
	if err != nil {
		s.opt.Logger.Warn("a failed upload could not be removed: the sweeper will", "store", s.opt.Provider.Name, "blob", id, "err", err)
	}
}

// unclear ends a Create of the blob want whose object may have been made though
// err says otherwise: an answer was lost, and a second attempt met the first.
func (s *Store) unclear(ctx context.Context, id blob.ID, want blob.Info, err error) (blob.Info, error) {
	if ctx.Err() != nil || errors.Is(err, blob.ErrBusy) {
		return blob.Info{}, err
	}
	e, lookErr := s.look(ctx, id)
	switch {
	case lookErr != nil && errors.Is(err, errExists):
		return blob.Info{}, fmt.Errorf("%s: %w: an object was there, and then: %v", id, blob.ErrUnavailable, lookErr)
	case lookErr != nil:
		return blob.Info{}, err
	case e.info == want:
		return want, nil
	}
	return e.info, fmt.Errorf("%s: %w", id, blob.ErrExists)
}

func writing() *gocloud.WriterOptions {
	return &gocloud.WriterOptions{ContentType: "application/octet-stream", DisableContentTypeDetection: true}
}

// A sink writes to an upload, ends it when bytes stop moving, and keeps its error
// apart from those of the body.
type sink struct {
	w      io.Writer
	limit  time.Duration
	cancel context.CancelCauseFunc
	err    error
}

func (o *sink) Write(p []byte) (n int, err error) {
	err = within(o.limit, o.cancel, func() (err error) {
		n, err = o.w.Write(p)
		return err
	})
	if err != nil {
		o.err = err
	}
	return n, err
}
