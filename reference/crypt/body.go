package crypt

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Frame is how many bytes of a body are sealed together; the last frame of a
// body may be shorter. A reader of one byte opens one frame.
const Frame = 64 << 10

// Overhead is how much longer a frame is once it is sealed.
const Overhead = tagSize

// SealedSize is how long a body of size bytes is once it is sealed. An empty one
// stays empty.
func SealedSize(size int64) int64 { return size + (size+Frame-1)/Frame*Overhead }

// A Body seals and opens one body of a known size. Its key follows from the data
// key and the body's name, which is never used for two bodies under one data key,
// so that frames of another body do not open. The place of a frame, and whether it
// is the last, are in its nonce: frames that are moved, missing or cut off do not
// open either. Its methods may be called together.
type Body struct {
	aead cipher.AEAD
	size int64
}

// NewBody returns the body of size bytes and that name under the data key k.
func NewBody(k Key, name string, size int64) (*Body, error) {
	own, err := Derive(k[:], nil, "bleepstore body 1 "+name)
	if err != nil {
		return nil, err
	}
	aead, err := own.aead()
	if err != nil {
		return nil, err
	}
	return &Body{aead: aead, size: size}, nil
}

func (b *Body) frames() int64 { return (b.size + Frame - 1) / Frame }

// length is how many bytes frame i holds.
func (b *Body) length(i int64) int { return int(min(Frame, b.size-i*Frame)) }

func (b *Body) nonce(i int64) (n [nonceSize]byte) {
	if i == b.frames()-1 {
		n[0] = 1
	}
	binary.BigEndian.PutUint64(n[nonceSize-8:], uint64(i))
	return n
}

// seal seals frame i, whose bytes are p, in place: p has Overhead more capacity.
func (b *Body) seal(i int64, p []byte) []byte {
	n := b.nonce(i)
	return b.aead.Seal(p[:0], n[:], p, nil)
}

// open opens frame i in place.
func (b *Body) open(i int64, sealed []byte) ([]byte, error) {
	n := b.nonce(i)
	p, err := b.aead.Open(sealed[:0], n[:], sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("frame %d: %w", i, ErrCorrupt)
	}
	return p, nil
}

// SealBytes seals a whole body of at most one frame in place, into the capacity of
// p, which must be Overhead larger than its length.
func (b *Body) SealBytes(p []byte) []byte {
	if len(p) == 0 {
		return p
	}
	return b.seal(0, p)
}

// OpenBytes opens a whole body of at most one frame, and leaves sealed as it is.
func (b *Body) OpenBytes(sealed []byte) ([]byte, error) {
	if int64(len(sealed)) != SealedSize(b.size) || b.size > Frame {
		return nil, fmt.Errorf("%d sealed bytes for %d: %w", len(sealed), b.size, ErrCorrupt)
	}
	if b.size == 0 {
		return nil, nil
	}
	return b.open(0, append(make([]byte, 0, len(sealed)), sealed...))
}

var framePool = sync.Pool{New: func() any { return new([Frame + Overhead]byte) }}

// Seal returns the sealed bytes of r, which must give exactly the body's size. An
// error of r is returned as it is, and no byte of the frame that it spoils. One
// goroutine may use the reader, and must call its Close, which leaves r open.
func (b *Body) Seal(r io.Reader) io.ReadCloser {
	return &sealer{b: b, r: r, buf: framePool.Get().(*[Frame + Overhead]byte)}
}

type sealer struct {
	b    *Body
	r    io.Reader
	i    int64 // the next frame
	buf  *[Frame + Overhead]byte
	left []byte // of the frame before
	err  error
}

// Read implements io.Reader.
func (s *sealer) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		if s.err == nil {
			s.err = s.next()
		}
		if s.err != nil {
			return 0, s.err
		}
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// next reads and seals a frame; behind the last one it is r's to say that it ends.
func (s *sealer) next() error {
	if s.i == s.b.frames() {
		n, err := io.ReadFull(s.r, s.buf[:1])
		if n > 0 {
			return fmt.Errorf("a body goes on behind its %d bytes", s.b.size)
		}
		return err
	}
	plain := s.buf[:s.b.length(s.i)]
	if _, err := io.ReadFull(s.r, plain); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	s.left = s.b.seal(s.i, plain)
	s.i++
	return nil
}

// Close implements io.Closer.
func (s *sealer) Close() error {
	if s.buf != nil {
		framePool.Put(s.buf)
		s.buf, s.left, s.err = nil, nil, io.ErrClosedPipe
	}
	return nil
}

// Range returns which sealed bytes hold n bytes from off on, which lie within the
// body: the frames that they are in.
func (b *Body) Range(off, n int64) (sealedOff, sealedLen int64) {
	if n == 0 {
		return 0, 0
	}
	first, last := off/Frame, (off+n-1)/Frame
	end := min((last+1)*(Frame+Overhead), SealedSize(b.size))
	return first * (Frame + Overhead), end - first*(Frame+Overhead)
}

// Open returns n bytes from off on of the body, where r gives the sealed bytes of
// Range. No byte comes out of a frame that does not open: Read fails with ErrCorrupt,
// and where r ends early with io.ErrUnexpectedEOF. The reader owns r; it implements
// io.WriterTo. One goroutine may use it, and must close it.
func (b *Body) Open(r io.ReadCloser, off, n int64) io.ReadCloser {
	return &opener{b: b, r: r, i: off / Frame, skip: int(off % Frame), n: n, buf: framePool.Get().(*[Frame + Overhead]byte)}
}

type opener struct {
	b    *Body
	r    io.ReadCloser
	i    int64 // the next frame
	skip int   // bytes of it that are not wanted
	n    int64 // bytes still wanted behind left
	buf  *[Frame + Overhead]byte
	left []byte
	err  error
}

// Read implements io.Reader.
func (o *opener) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := o.fill(); err != nil {
		return 0, err
	}
	n := copy(p, o.left)
	o.left = o.left[n:]
	return n, nil
}

// WriteTo implements io.WriterTo.
func (o *opener) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := o.fill(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(o.left)
		total += int64(n)
		o.left = o.left[n:]
		if err != nil {
			return total, err
		}
	}
}

// fill opens the next frame once the one before was taken: io.EOF behind the last.
func (o *opener) fill() error {
	for len(o.left) == 0 && o.err == nil {
		o.err = o.next()
	}
	if len(o.left) > 0 {
		return nil
	}
	return o.err
}

func (o *opener) next() error {
	if o.n == 0 {
		return io.EOF
	}
	sealed := o.buf[:o.b.length(o.i)+Overhead]
	if _, err := io.ReadFull(o.r, sealed); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	plain, err := o.b.open(o.i, sealed)
	if err != nil {
		return err
	}
	o.left = plain[o.skip:]
	if int64(len(o.left)) > o.n {
		o.left = o.left[:o.n]
	}
	o.n -= int64(len(o.left))
	o.i, o.skip = o.i+1, 0
	return nil
}

// Close implements io.Closer.
func (o *opener) Close() error {
	if o.buf == nil {
		return nil
	}
	framePool.Put(o.buf)
	o.buf, o.left, o.err = nil, nil, io.ErrClosedPipe
	return o.r.Close()
}
