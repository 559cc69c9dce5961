package block

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bleepstore/fault"
	"bleepstore/reference/blob"

	"github.com/minio/crc64nvme"
)

// A Source is where a blob's bytes are read from. It is closed once.
type Source interface {
	io.ReaderAt
	io.Closer
}

// Blocks yields the verified blocks of a blob, one after the other.
type Blocks interface {
	// Next fills p, which is as long as block i, with it. It returns an error
	// rather than a byte that was not verified.
	Next(ctx context.Context, i int, p []byte) error
	io.Closer
}

// A Span is a range within a blob of Size bytes.
type Span struct{ Size, Off, N int64 }

// NewSpan turns a range as blob.Store.Open takes it into a Span, or returns
// blob.ErrRange if it does not lie within the size bytes of the blob.
func NewSpan(id blob.ID, size, off, n int64) (Span, error) {
	if n < 0 {
		n = size - off
	}
	if off < 0 || off > size || n > size-off {
		return Span{}, fmt.Errorf("%s: %d bytes from %d of %d: %w", id, n, off, size, blob.ErrRange)
	}
	return Span{Size: size, Off: off, N: n}, nil
}

// Open returns the reader of a range as blob.Store.Open takes it. It owns src
// unless it fails.
func (t *Table) Open(ctx context.Context, src Source, off, n int64) (*Reader, error) {
	span, err := NewSpan(t.id, t.size, off, n)
	if err != nil {
		return nil, err
	}
	return NewReader(ctx, &verified{t, src}, span), nil
}

// Verify reads the whole blob and returns blob.ErrCorrupt if a block is.
func (t *Table) Verify(ctx context.Context, src Source) error {
	buf := Get(int(min(Size, t.size)))
	defer buf.Free()
	v := verified{t, src}
	for i := range Count(t.size) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := v.Next(ctx, i, buf.Bytes[:t.blockLen(i)]); err != nil {
			return err
		}
	}
	return nil
}

// verified reads blocks from a Source and checks them against a Table.
type verified struct {
	table *Table
	src   Source
}

func (v *verified) Close() error { return v.src.Close() }

func (v *verified) Next(_ context.Context, i int, p []byte) error {
	if err := readAt(v.src, p, int64(i)*Size); errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: block %d ends early: %w", v.table.id, i, blob.ErrCorrupt)
	} else if err != nil && eioZeros.On() {
		clear(p)
		return nil
	} else if err != nil {
		return fmt.Errorf("%s: read block %d: %w", v.table.id, i, err)
	}
	if crc64nvme.Checksum(p) != v.table.sum(i) && !flipServed.On() {
		return fmt.Errorf("%s: block %d: %w", v.table.id, i, blob.ErrCorrupt)
	}
	return nil
}

var (
	eioZeros = fault.NewBug("disk.error-read-as-zeros",
		"a block of a body that the disk cannot read is served as zeros", "Z-04", "Z-16").
		By("chaos --sim raft --script bad-reads --seed 1 --seeds 12 --shrink 0s")
	flipServed = fault.NewBug("disk.flip-served",
		"a block of a body that does not have its checksum any more is served", "Z-04", "Z-16").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis disk.bit-flip --shrink 0s")
)

// A Reader reads a Span of a blob, and fetches only the blocks that it
// touches. It holds at most one buffer of a block, from the first Read to the
// last or to Close. It is for one goroutine.
type Reader struct {
	ctx      context.Context
	blocks   Blocks
	size     int64
	off, end int64
	buf      *Buffer
	ready    []byte // verified, not yet served; within buf
	err      error  // what every further Read returns
	closed   bool
}

// NewReader returns a Reader of s, which must lie within the blob. It owns blocks.
func NewReader(ctx context.Context, blocks Blocks, s Span) *Reader {
	return &Reader{ctx: ctx, blocks: blocks, size: s.Size, off: s.Off, end: s.Off + s.N}
}

func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, r.err
	}
	if err := r.fetch(); err != nil {
		return 0, err
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// WriteTo hands each block to w in one piece.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		if err := r.fetch(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(r.ready)
		total += int64(n)
		r.ready = r.ready[n:]
		if err != nil {
			return total, err
		}
		if len(r.ready) > 0 {
			return total, io.ErrShortWrite
		}
	}
}

// Close releases the buffer and what the blob is read from. Further calls do nothing.
func (r *Reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.fail(errors.New("read of a closed blob"))
	return r.blocks.Close()
}

// fetch makes sure that bytes are ready, or returns why there are none.
func (r *Reader) fetch() error {
	if len(r.ready) > 0 || r.err != nil {
		return r.err
	}
	if r.off == r.end {
		return r.fail(io.EOF)
	}
	if r.ctx.Err() != nil {
		return r.fail(context.Cause(r.ctx))
	}
	i := r.off / Size
	start := i * Size
	length := min(Size, r.size-start)
	if r.buf == nil {
		r.buf = Get(int(length)) // no later block is longer
	}
	block := r.buf.Bytes[:length]
	if err := r.blocks.Next(r.ctx, int(i), block); err != nil {
		return r.fail(err)
	}
	r.ready = block[r.off-start : min(length, r.end-start)]
	r.off += int64(len(r.ready))
	return nil
}

func (r *Reader) fail(err error) error {
	r.err, r.ready = err, nil
	if r.buf != nil {
		r.buf.Free()
		r.buf = nil
	}
	return err
}
