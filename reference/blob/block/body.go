package block

import (
	"context"
	"fmt"
	"io"

	"bleepstore/reference/blob"
)

// emptyReads is how many reads in a row may return nothing.
const emptyReads = 100

// A Body reads a stream piece by piece and holds it to its announced size. It
// is for one goroutine.
type Body struct {
	r    io.Reader
	left int64
}

// NewBody returns the Body of a stream that shall have size bytes.
func NewBody(r io.Reader, size int64) *Body { return &Body{r: r, left: size} }

// Left returns how many announced bytes are still to come.
func (b *Body) Left() int64 { return b.left }

// Next reads the next len(p) bytes, or all that are left if those are fewer.
// After the last one it returns io.EOF, and only if the stream ends there too.
// A stream that is shorter or longer fails with blob.ErrSize; an error of the
// stream, or of ctx once it has ended, is returned wrapped.
func (b *Body) Next(ctx context.Context, p []byte) (int, error) {
	if b.left == 0 {
		return 0, b.end(ctx)
	}
	p = p[:min(int64(len(p)), b.left)]
	filled := 0
	for empty := 0; filled < len(p); {
		if ctx.Err() != nil {
			return 0, fmt.Errorf("read body: %w", context.Cause(ctx))
		}
		n, err := b.r.Read(p[filled:])
		filled += n
		b.left -= int64(n)
		switch {
		case err == io.EOF && b.left > 0:
			return 0, fmt.Errorf("read body: %w: it ends %d bytes early", blob.ErrSize, b.left)
		case err != nil && err != io.EOF:
			return 0, fmt.Errorf("read body: %w", err)
		case n > 0:
			empty = 0
		case empty == emptyReads:
			return 0, fmt.Errorf("read body: %w", io.ErrNoProgress)
		default:
			empty++
		}
	}
	return filled, nil
}

// end makes sure that the stream has nothing more.
func (b *Body) end(ctx context.Context) error {
	var p [1]byte
	for range emptyReads {
		if ctx.Err() != nil {
			return fmt.Errorf("read body: %w", context.Cause(ctx))
		}
		n, err := b.r.Read(p[:])
		switch {
		case n > 0:
			return fmt.Errorf("read body: %w: it goes on", blob.ErrSize)
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return fmt.Errorf("read body: %w", err)
		}
	}
	return fmt.Errorf("read body: %w", io.ErrNoProgress)
}

// Copy writes the stream and its trailer to w as the blob id, a block or less
// at a time. The trailer is written only after the stream's io.EOF.
func Copy(ctx context.Context, w io.Writer, b *Body, id blob.ID) (blob.Info, error) {
	var sums Sums
	buf := Get(int(min(Size, b.left)))
	defer buf.Free()
	for {
		n, err := b.Next(ctx, buf.Bytes)
		if err == io.EOF {
			break
		}
		if err != nil {
			return blob.Info{}, err
		}
		sums.Write(buf.Bytes[:n])
		if _, err := w.Write(buf.Bytes[:n]); err != nil {
			return blob.Info{}, fmt.Errorf("write: %w", err)
		}
	}
	if _, err := w.Write(sums.Trailer(id)); err != nil {
		return blob.Info{}, fmt.Errorf("write trailer: %w", err)
	}
	return sums.Info(id), nil
}
