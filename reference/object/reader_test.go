package object

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"bleepstore/reference/blob"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// shelf is a blob.Store of bytes at hand that counts its open readers.
type shelf struct {
	blob.Store // Open is all that reading needs
	blobs      map[blob.ID][]byte
	open, most int
}

type shelfReader struct {
	io.Reader
	s *shelf
}

func (r *shelfReader) Close() error { r.s.open--; return nil }

func (s *shelf) Open(_ context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	data, ok := s.blobs[id]
	if !ok {
		return nil, blob.ErrNotFound
	}
	s.open++
	s.most = max(s.most, s.open)
	return &shelfReader{bytes.NewReader(data[off : off+n]), s}, nil
}

// drawObject makes a body of random extents over blobs and inline runs.
func drawObject(t *rapid.T) (*meta.Object, *shelf, []byte) {
	o, s := &meta.Object{}, &shelf{blobs: map[blob.ID][]byte{}}
	var whole []byte
	for i := range rapid.IntRange(0, 5).Draw(t, "extents") {
		n := rapid.IntRange(0, 20).Draw(t, "len")
		piece := pattern(100 + i)[100+i-n:]
		off := rapid.IntRange(0, 5).Draw(t, "off")
		if rapid.Bool().Draw(t, "inline") {
			o.Extents = append(o.Extents, meta.Extent{Off: int64(len(o.Inline)), Len: int64(n)})
			o.Inline = append(o.Inline, piece...)
		} else {
			id := blob.ID(fmt.Sprintf("b%d", i))
			s.blobs[id] = append(append(make([]byte, off), piece...), 0xff)
			o.Extents = append(o.Extents, meta.Extent{Blob: string(id), Off: int64(off), Len: int64(n)})
		}
		whole = append(whole, piece...)
	}
	if len(o.Extents) == 0 {
		o.Inline = pattern(rapid.IntRange(0, 20).Draw(t, "body"))
		whole = o.Inline
	}
	o.Size = int64(len(whole))
	return o, s, whole
}

// Reading any span of any arrangement of extents gives that slice of the body.
func TestBodyReaderReadsSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, blobs, whole := drawObject(t)
		off := rapid.IntRange(0, len(whole)).Draw(t, "from")
		n := rapid.IntRange(0, len(whole)-off).Draw(t, "n")
		s := &Service{blobs: blobs, clock: SystemClock{}, limits: Limits{Read: time.Minute}}
		body, err := s.openBody(context.Background(), runsOf(o, nil, span{off: int64(off), n: int64(n)}))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		var src io.Reader = body // with WriteTo
		if rapid.Bool().Draw(t, "by Read") {
			src = iotest.HalfReader(body)
		}
		if _, err := io.Copy(&got, src); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), whole[off:off+n]) {
			t.Errorf("got %x, want %x", got.Bytes(), whole[off:off+n])
		}
		if err := body.Close(); err != nil || blobs.open != 0 || blobs.most > 2 {
			t.Errorf("close: %v; %d readers open, %d at most, want 0 and at most 2", err, blobs.open, blobs.most)
		}
	})
}

func threeBlobs() (*meta.Object, *shelf) {
	return &meta.Object{Extents: []meta.Extent{{Blob: "a", Len: 4}, {Blob: "b", Len: 4}, {Blob: "c", Len: 4}}, Version: Version{Size: 12}},
		&shelf{blobs: map[blob.ID][]byte{"a": []byte("aaaa"), "b": []byte("bbbb"), "c": []byte("cccc")}}
}

func TestBodyReaderFindsMissingBlobs(t *testing.T) {
	for id, early := range map[blob.ID]bool{"a": true, "b": true, "c": false} {
		for _, direct := range []bool{true, false} {
			o, blobs := threeBlobs()
			delete(blobs.blobs, id)
			s := &Service{blobs: blobs, clock: SystemClock{}, limits: Limits{Read: time.Minute}}
			body, err := s.openBody(context.Background(), runsOf(o, nil, span{n: 12}))
			if early {
				if !errors.Is(err, blob.ErrNotFound) || blobs.open != 0 {
					t.Errorf("without %s: open got %v with %d readers left, want ErrNotFound and none", id, err, blobs.open)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			var src io.Reader = body
			if !direct {
				src = iotest.OneByteReader(body)
			}
			n, err := io.Copy(io.Discard, src)
			if !errors.Is(err, blob.ErrNotFound) || n >= 12 {
				t.Errorf("without %s: copied %d bytes and got %v, want ErrNotFound short of the end", id, n, err)
			}
			if _, err := body.Read(make([]byte, 1)); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("the error does not stay: %v", err)
			}
			body.Close()
			if blobs.open != 0 {
				t.Errorf("%d readers left open", blobs.open)
			}
		}
	}
}

// A blob that ends early must never look like the end of the body.
func TestBodyReaderShortBlob(t *testing.T) {
	for _, direct := range []bool{true, false} {
		o, blobs := threeBlobs()
		s := &Service{blobs: shortStore{blobs}, clock: SystemClock{}, limits: Limits{Read: time.Minute}}
		body, err := s.openBody(context.Background(), runsOf(o, nil, span{n: 12}))
		if err != nil {
			t.Fatal(err)
		}
		var src io.Reader = body
		if !direct {
			src = iotest.OneByteReader(body)
		}
		if n, err := io.Copy(io.Discard, src); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("direct %v: %d bytes, %v; want ErrUnexpectedEOF", direct, n, err)
		}
		body.Close()
	}
}

type shortStore struct{ *shelf }

func (s shortStore) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	return s.shelf.Open(ctx, id, off, n-1)
}

func TestBodyReaderDeadline(t *testing.T) {
	for _, direct := range []bool{true, false} {
		o, blobs := threeBlobs()
		clock := &handClock{now: fixedNow()}
		s := &Service{blobs: blobs, clock: clock, limits: Limits{Read: 30 * time.Minute}}
		body, err := s.openBody(context.Background(), runsOf(o, nil, span{n: 12}))
		if err != nil {
			t.Fatal(err)
		}
		var dst io.Writer = writerFunc(func(p []byte) (int, error) { clock.advance(20 * time.Minute); return len(p), nil })
		var src io.Reader = body
		if !direct {
			src = iotest.OneByteReader(body)
		}
		if n, err := io.Copy(dst, src); errcode.Of(err) != errcode.RequestTimeout || n == 0 || n >= 12 {
			t.Errorf("direct %v: %d bytes, %v; want some bytes and RequestTimeout", direct, n, err)
		}
		body.Close()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
