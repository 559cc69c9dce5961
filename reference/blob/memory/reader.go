package memory

import (
	"context"
	"errors"
	"io"

	"bleepstore/reference/blob/block"
)

// reader reads a range of a blob where it lies, without a copy of its own.
type reader struct {
	ctx      context.Context
	blocks   [][]byte
	off, end int64
	closed   bool
}

func (r *reader) Read(p []byte) (int, error) {
	b, err := r.next()
	if err != nil {
		return 0, err
	}
	n := copy(p, b)
	r.off += int64(n)
	return n, nil
}

// WriteTo hands w each block, which w must not change.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		b, err := r.next()
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := w.Write(b)
		total += int64(n)
		r.off += int64(n)
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return total, err
		}
	}
}

func (r *reader) Close() error {
	r.closed, r.blocks = true, nil
	return nil
}

// next returns what is left of the block under way.
func (r *reader) next() ([]byte, error) {
	switch {
	case r.closed:
		return nil, errors.New("read of a closed blob")
	case r.off == r.end:
		return nil, io.EOF
	case r.ctx.Err() != nil:
		return nil, context.Cause(r.ctx)
	}
	b := r.blocks[r.off/block.Size]
	from := r.off % block.Size
	return b[from:min(int64(len(b)), from+r.end-r.off)], nil
}
