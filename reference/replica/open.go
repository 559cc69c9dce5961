package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bleepstore/reference/blob"
)

// Open reads this node's copy if it has one, else that of the first member that
// serves it: holders by rank, then the rest. A source that fails, also in the
// middle, gives way to the next at the same offset. It fails with
// blob.ErrNotFound only if every member said so; if one could not be asked, with
// blob.ErrUnavailable. A local copy that is corrupt is replaced in the
// background.
func (s *Store) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return nil, err
	}
	r := s.newReader(ctx, id, off, n)
	r.sources = append([]string{s.opt.Node}, s.others(id)...)
	if err := r.advance(); err != nil {
		return nil, err
	}
	return r, nil
}

func (s *Store) newReader(ctx context.Context, id blob.ID, off, n int64) *reader {
	r := &reader{s: s, ctx: ctx, id: id, off: off, end: -1}
	if n >= 0 && off >= 0 {
		r.end = off + n // an overflow is out of any blob's range
	}
	r.first, r.n = off, n
	return r
}

// advance opens the next source that serves the rest.
func (r *reader) advance() error {
	for len(r.sources) > 0 {
		node := r.sources[0]
		r.sources = r.sources[1:]
		err := r.open(node)
		switch {
		case err == nil:
			r.node, r.served = node, false
			return nil
		case r.ctx.Err() != nil:
			return r.fail(context.Cause(r.ctx))
		case errors.Is(err, blob.ErrRange):
			return r.fail(err)
		}
		r.note(node, err)
	}
	if len(r.failures) == 0 && len(r.s.opt.Members()) > 0 {
		return r.fail(fmt.Errorf("%s: %w", r.id, blob.ErrNotFound))
	}
	return r.fail(fmt.Errorf("open blob: %s: %w: %s", r.id, blob.ErrUnavailable, r.why()))
}

// note remembers why node does not serve the blob. That it has none is no failure.
func (r *reader) note(node string, err error) {
	delete(r.failures, node)
	if node == r.s.opt.Node && errors.Is(err, blob.ErrCorrupt) {
		r.s.corrupt(r.id, err)
	}
	if !errors.Is(err, blob.ErrNotFound) {
		if r.failures == nil {
			r.failures = map[string]error{}
		}
		r.failures[node] = err
	}
}

func (r *reader) why() string {
	var all []string
	for node, err := range r.failures {
		all = append(all, fmt.Sprintf("%s: %v", node, err))
	}
	slices.Sort(all)
	if all == nil {
		return "no member is known"
	}
	return strings.Join(all, "; ")
}

// corrupt has the local copy replaced.
func (s *Store) corrupt(id blob.ID, err error) {
	s.opt.Logger.Error("a local blob is corrupt", "blob", id, "err", err)
	s.urgent.add(id, true)
}

// open opens the rest at node.
func (r *reader) open(node string) error {
	off, n := r.off, r.n
	if r.off != r.first {
		n = -1
		if r.end >= 0 {
			n = r.end - r.off
		}
	}
	if node == r.s.opt.Node {
		rc, err := r.s.opt.Local.Open(r.ctx, r.id, off, n)
		r.cur = rc
		return err
	}
	info, rc, err := r.s.openAt(r.ctx, node, r.id, off, n)
	if err != nil {
		return err
	}
	if r.info.ID == "" {
		r.info = info
	}
	if info != r.info {
		rc.Close()
		return errDiffers
	}
	if r.end < 0 {
		r.end = info.Size
	}
	r.cur = rc
	return nil
}

// openAt opens a range at another node, within Stall.
func (s *Store) openAt(ctx context.Context, node string, id blob.ID, off, n int64) (blob.Info, io.ReadCloser, error) {
	inner, cancel := context.WithCancelCause(ctx)
	w := &watched{ctx: inner, stall: s.opt.Stall, cancel: cancel}
	w.timer = time.AfterFunc(w.stall, func() { cancel(errStalled) })
	info, rc, err := s.opt.Peers.Open(inner, node, id, off, n)
	w.timer.Stop()
	err = w.stalled(err)
	if ctx.Err() == nil {
		s.heard(node, err)
	}
	if err != nil {
		cancel(nil)
		return blob.Info{}, nil, err
	}
	w.rc = rc
	return info, w, nil
}

// watched is a peer's reader that fails when a Read takes longer than stall.
type watched struct {
	ctx    context.Context
	rc     io.ReadCloser
	stall  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.stall)
	defer w.timer.Stop()
	n, err := w.rc.Read(p)
	return n, w.stalled(err)
}

// stalled returns why a call failed with err, if that was its own doing.
func (w *watched) stalled(err error) error {
	if err != nil && err != io.EOF && errors.Is(context.Cause(w.ctx), errStalled) {
		return errStalled
	}
	return err
}

func (w *watched) Close() error {
	err := w.rc.Close()
	w.cancel(nil)
	return err
}
