package replica

import (
	"context"
	"errors"
	"io"

	"bleepstore/reference/blob"
)

// A reader is a range of a blob, from whichever member serves it. It belongs to
// one goroutine.
type reader struct {
	s        *Store
	ctx      context.Context
	id       blob.ID
	first, n int64     // as asked for
	off, end int64     // of the next byte, behind the last one; end < 0: not known
	info     blob.Info // as the first peer told
	sources  []string  // still to be tried
	again    []string  // peers that got a second chance
	failures map[string]error

	cur    io.ReadCloser
	node   string // whose cur is
	served bool   // cur gave bytes
	err    error  // what every further Read returns
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		p, err := r.ready(p)
		if err != nil || len(p) == 0 {
			return 0, err
		}
		n, err := r.cur.Read(p)
		r.moved(int64(n))
		if err != nil {
			err = r.settle(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// ready returns as much of p as the source may fill, with a source open.
func (r *reader) ready(p []byte) ([]byte, error) {
	switch {
	case r.err != nil:
		return nil, r.err
	case r.off == r.end:
		return nil, r.fail(io.EOF)
	case r.ctx.Err() != nil:
		return nil, r.fail(context.Cause(r.ctx))
	case r.cur == nil:
		if err := r.advance(); err != nil {
			return nil, err
		}
	}
	if r.end >= 0 {
		p = p[:min(int64(len(p)), r.end-r.off)]
	}
	return p, nil
}

func (r *reader) moved(n int64) {
	r.off += n
	r.served = r.served || n > 0
}

// settle takes the error of a source: nil if the next source may go on.
func (r *reader) settle(err error) error {
	own := r.node == r.s.opt.Node
	switch {
	case err == io.EOF && r.off == r.end, err == io.EOF && own && r.end < 0:
		r.end = r.off
		return nil // the next Read says so
	case r.ctx.Err() != nil:
		return r.fail(context.Cause(r.ctx))
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	r.cur.Close()
	r.cur = nil
	r.note(r.node, err)
	if own {
		return nil
	}
	r.s.heard(r.node, err)
	if r.served && !contains(r.again, r.node) { // a connection broke: it may well serve the rest
		r.again = append(r.again, r.node)
		r.sources = append(r.sources, r.node)
	}
	return nil
}

func contains(nodes []string, node string) bool {
	for _, n := range nodes {
		if n == node {
			return true
		}
	}
	return false
}

// WriteTo hands w what the source has in one piece, where it can.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	start := r.off
	for {
		if err := r.writeSome(w); err == io.EOF {
			return r.off - start, nil
		} else if err != nil {
			return r.off - start, err
		}
	}
}

// writeSome copies until the source ends or fails.
func (r *reader) writeSome(w io.Writer) error {
	if _, err := r.ready(nil); err != nil {
		return err
	}
	to, ok := r.cur.(io.WriterTo)
	if !ok || r.node != r.s.opt.Node {
		return r.copyChunk(w)
	}
	t := &target{w: w}
	_, err := to.WriteTo(t)
	r.moved(t.n)
	if t.err != nil {
		return t.err
	}
	if err == nil {
		err = io.EOF
	}
	return r.settle(err)
}

func (r *reader) copyChunk(w io.Writer) error {
	c := newChunk(chunkLen)
	defer c.release()
	for {
		n, err := r.Read(c.data)
		if n > 0 {
			t := &target{w: w}
			if _, werr := t.Write(c.data[:n]); werr != nil {
				r.off -= int64(n) - t.n
				return werr
			}
		}
		if err != nil {
			return err
		}
	}
}

// target tells the errors of a writer from those of a source.
type target struct {
	w   io.Writer
	n   int64
	err error
}

func (t *target) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	t.n += int64(n)
	t.err = err
	return n, err
}

// Close releases the source. Further calls do nothing.
func (r *reader) Close() error {
	if errors.Is(r.err, errClosed) {
		return nil
	}
	var err error
	if r.cur != nil {
		err = r.cur.Close()
	}
	r.cur, r.err = nil, errClosed
	return err
}

var errClosed = errors.New("read of a closed blob")

// fail ends the reader with err.
func (r *reader) fail(err error) error {
	r.err = err
	if r.cur != nil {
		r.cur.Close()
		r.cur = nil
	}
	return err
}
