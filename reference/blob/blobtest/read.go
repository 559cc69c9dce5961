package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
)

var reading = []rule{
	{"not found", "there is no blob that was not created", func(t *testing.T, s blob.Store) {
		wantNone(t, s, "a")
	}},
	{"ranges", "any range within the blob can be read alone", func(t *testing.T, s blob.Store) {
		size := int64(2*mib + 100)
		data := content("a", int(size))
		create(t, s, "a", data)
		for _, off := range []int64{0, 1, mib - 1, mib, mib + 1, 2 * mib, size - 1, size} {
			for _, n := range []int64{-1, 0, 1, 2, 1000, mib, mib + 2, size} {
				if n > size-off {
					continue
				}
				want := data[off:]
				if n >= 0 {
					want = want[:n]
				}
				if got, err := read(t, s, "a", off, n); err != nil || !bytes.Equal(got, want) {
					t.Errorf("[%d,+%d): got %d bytes, %v, want %d bytes", off, n, len(got), err, len(want))
				}
			}
		}
	}},
	{"ranges outside", "a range that is not within the blob is refused with ErrRange", func(t *testing.T, s blob.Store) {
		create(t, s, "a", content("a", 10))
		create(t, s, "empty", nil)
		for _, c := range []struct {
			id     blob.ID
			off, n int64
		}{{"a", -1, 1}, {"a", 11, -1}, {"a", 11, 0}, {"a", 10, 1}, {"a", 0, 11}, {"a", 5, 1<<63 - 1}, {"empty", 0, 1}, {"empty", 1, 0}} {
			if _, err := read(t, s, c.id, c.off, c.n); !errors.Is(err, blob.ErrRange) {
				t.Errorf("%s [%d,+%d): got %v, want ErrRange", c.id, c.off, c.n, err)
			}
		}
	}},
	{"reader", "a reader keeps the rules of io.Reader and io.WriterTo, and may be closed twice or early", func(t *testing.T, s blob.Store) {
		data := content("a", mib+100)
		create(t, s, "a", data)
		open := func() io.ReadCloser {
			r, err := s.Open(t.Context(), "a", 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r := open()
		if err := iotest.TestReader(r, data); err != nil {
			t.Error(err)
		}
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}

		r = open()
		head := make([]byte, 50)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		to, ok := r.(io.WriterTo)
		if !ok {
			t.Fatalf("%T is no io.WriterTo", r)
		}
		var rest bytes.Buffer
		n, err := to.WriteTo(&rest)
		if err != nil || n != int64(rest.Len()) || !bytes.Equal(append(head, rest.Bytes()...), data) {
			t.Errorf("50 bytes, then WriteTo: got %d, %v and %d bytes", n, err, rest.Len())
		}
		r.Close()

		r = open()
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if n, err := r.Read(head); n != 0 || err == nil || err == io.EOF {
			t.Errorf("read after close: got %d, %v, want an error", n, err)
		}
	}},
	{"WriteTo returns the writer's error", "a writer that fails ends WriteTo with its error and count", func(t *testing.T, s blob.Store) {
		create(t, s, "a", content("a", 3*mib))
		r, err := s.Open(t.Context(), "a", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		n, err := io.Copy(&limited{left: mib + 10}, r)
		if n != mib+10 || err != io.ErrClosedPipe {
			t.Errorf("got %d, %v, want %d and the writer's error", n, err, mib+10)
		}
	}},
	{"cancelled reads", "Open and Read fail when the context has ended", func(t *testing.T, s blob.Store) {
		create(t, s, "a", content("a", 3*mib))
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.Open(ctx, "a", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
			t.Errorf("read: got %v, want context.Canceled", err)
		}
		if _, err := s.Open(ctx, "a", 0, -1); !errors.Is(err, context.Canceled) {
			t.Errorf("open: got %v, want context.Canceled", err)
		}
	}},
	{"readers do not disturb each other", "two readers of one blob that take turns both get it whole", func(t *testing.T, s blob.Store) {
		data := content("a", 2*mib)
		create(t, s, "a", data)
		var readers [3]io.ReadCloser
		var got [3]bytes.Buffer
		for i := range readers {
			r, err := s.Open(t.Context(), "a", 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			readers[i] = r
		}
		for got[0].Len() < len(data) {
			for i, r := range readers {
				if _, err := io.CopyN(&got[i], r, mib/4); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range got {
			if !bytes.Equal(got[i].Bytes(), data) {
				t.Errorf("reader %d got other bytes", i)
			}
		}
	}},
	{"delete under a reader", "a reader whose blob is deleted goes on or fails with ErrNotFound, and never ends early", func(t *testing.T, s blob.Store) {
		data := content("a", 4*mib)
		create(t, s, "a", data)
		r, err := s.Open(t.Context(), "a", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		head := make([]byte, 10)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		create(t, s, "b", content("b", 4*mib)) // may take the space
		rest, err := io.ReadAll(r)
		got := append(head, rest...)
		if !bytes.HasPrefix(data, got) {
			t.Error("the reader returned bytes of something else")
		}
		if err == nil && len(got) != len(data) || err != nil && !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("got %d of %d bytes and %v", len(got), len(data), err)
		}
	}},
}

// limited is a writer that fails after so many bytes.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if n < len(p) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}
