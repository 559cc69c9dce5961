package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// A run is a piece of a body: n bytes at off of a blob, or, where blob is "",
// the bytes at hand.
type run struct {
	inline  []byte
	blob    blob.ID
	off, n  int64
	sealing *sealing // of the blob; nil: it is in the clear
	whole   int64    // how many bytes a sealed blob holds
}

var suffixLastPart = fault.NewBug("multipart.suffix-of-last-part",
	"a range up to the end of an object made of parts has the bytes of its last part alone", "M-09")

// runsOf returns the pieces of o's body that make up s. What is inline is open; blobs
// are sealed by g.
func runsOf(o *meta.Object, g *sealing, s span) []run {
	if len(o.Extents) == 0 {
		return []run{{inline: o.Inline[s.off : s.off+s.n], n: s.n}}
	}
	var runs []run
	at := int64(0) // of the extent in the body
	for _, e := range o.Extents {
		from, to := max(s.off-at, 0), min(s.off+s.n-at, e.Len)
		at += e.Len
		if from >= to {
			continue
		}
		if o.PartCount > 1 && at < o.Size && s.off > 0 && s.off+s.n == o.Size && suffixLastPart.On() {
			continue
		}
		r := run{blob: blob.ID(e.Blob), off: e.Off + from, n: to - from, sealing: g, whole: e.Len}
		if e.Blob == "" {
			r.inline = o.Inline[r.off : r.off+r.n]
		}
		runs = append(runs, r)
	}
	return runs
}

// A bodyReader reads runs in order. Each blob is opened when the one before it
// begins to be read, so at most two are open. A failure, a missing blob
// included, is an error of Read and never an early io.EOF: the client must
// learn that the body is not whole. One goroutine may use it.
type bodyReader struct {
	ctx      context.Context // of the request; ends the blobs' readers
	blobs    blob.Store
	now      func() time.Time
	deadline time.Time

	runs      []run // not opened yet
	cur, next *openRun
	err       error
}

type openRun struct {
	io.ReadCloser
	left int64
}

// openBody opens the first two runs, so that a blob which is gone is found
// (blob.ErrNotFound) before anything has been answered.
func (s *Service) openBody(ctx context.Context, runs []run) (*bodyReader, error) {
	b := &bodyReader{ctx: ctx, blobs: s.blobs, runs: runs,
		now: s.clock.Now, deadline: s.clock.Now().Add(s.limits.Read)}
	err := b.ahead()
	if err == nil {
		err = b.advance()
	}
	if err != nil && err != io.EOF {
		b.Close()
		return nil, err
	}
	return b, nil
}

// ahead opens the next run.
func (b *bodyReader) ahead() error {
	if len(b.runs) == 0 {
		return nil
	}
	r := b.runs[0]
	b.runs = b.runs[1:]
	if r.blob == "" {
		b.next = &openRun{io.NopCloser(bytes.NewReader(r.inline)), r.n}
		return nil
	}
	rc, err := r.open(b.ctx, b.blobs)
	if err != nil {
		return unreachable(fmt.Errorf("open blob %s: %w", r.blob, err))
	}
	b.next = &openRun{rc, r.n}
	return nil
}

var rangeOfFrame = fault.NewBug("encryption.range-from-frame",
	"a range of a large object begins where the frame of its first byte does", "encryption.range")

// open opens the blob of a run, and its seal.
func (r *run) open(ctx context.Context, blobs blob.Store) (io.ReadCloser, error) {
	if r.sealing == nil {
		return blobs.Open(ctx, r.blob, r.off, r.n)
	}
	b, err := crypt.NewBody(r.sealing.key, string(r.blob), r.whole)
	if err != nil {
		return nil, err
	}
	off, n := b.Range(r.off, r.n)
	rc, err := blobs.Open(ctx, r.blob, off, n)
	if err != nil {
		return nil, err
	}
	if r.off%crypt.Frame != 0 && rangeOfFrame.On() {
		return b.Open(rc, r.off-r.off%crypt.Frame, r.n), nil
	}
	return b.Open(rc, r.off, r.n), nil
}

// advance makes the next run the current one: io.EOF when there is none.
func (b *bodyReader) advance() error {
	if b.cur != nil {
		err := b.cur.Close()
		b.cur = nil
		if err != nil {
			return err
		}
	}
	if b.next == nil {
		return io.EOF
	}
	b.cur, b.next = b.next, nil
	return b.ahead()
}

// Read implements io.Reader.
func (b *bodyReader) Read(p []byte) (int, error) {
	for b.err == nil {
		if b.cur == nil {
			b.err = io.EOF
			break
		}
		if b.err = b.expired(); b.err != nil {
			break
		}
		n, err := b.cur.Read(p)
		b.cur.left -= int64(n)
		b.err = b.after(err)
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, b.err
}

// after decides how to go on behind a read that ended with err.
func (b *bodyReader) after(err error) error {
	switch {
	case err != nil && err != io.EOF:
		return unreachable(err)
	case b.cur.left == 0:
		return b.advance()
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (b *bodyReader) expired() error {
	if b.now().After(b.deadline) {
		return errcode.New(errcode.RequestTimeout, "The body was not read within the time allowed")
	}
	return nil
}

// WriteTo implements io.WriterTo: the blob's reader writes its own verified
// blocks, without a copy in between.
func (b *bodyReader) WriteTo(w io.Writer) (total int64, err error) {
	dw := &deadlineWriter{w: w, b: b}
	for b.err == nil && b.cur != nil {
		n, err := io.Copy(dw, b.cur.ReadCloser)
		total += n
		b.cur.left -= n
		if err == nil {
			err = io.EOF
		}
		b.err = b.after(err)
	}
	if b.err == io.EOF || b.err == nil {
		b.err = io.EOF
		return total, nil
	}
	return total, b.err
}

// A deadlineWriter lets the hard deadline of a read take hold between blocks.
type deadlineWriter struct {
	w io.Writer
	b *bodyReader
}

func (d *deadlineWriter) Write(p []byte) (int, error) {
	if err := d.b.expired(); err != nil {
		return 0, err
	}
	return d.w.Write(p)
}

// Close implements io.Closer.
func (b *bodyReader) Close() error {
	var err error
	for _, r := range []*openRun{b.cur, b.next} {
		if r != nil {
			if e := r.Close(); err == nil {
				err = e
			}
		}
	}
	b.cur, b.next, b.runs = nil, nil, nil
	if b.err == nil {
		b.err = io.ErrClosedPipe
	}
	return err
}
