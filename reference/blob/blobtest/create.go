package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
)

const mib = 1 << 20

// sizes surround the lengths at which backends cut.
var sizes = []int{0, 1, 4096, 64<<10 - 1, 64 << 10, 256<<10 + 1, mib - 1, mib, mib + 1, 2*mib - 1, 2 * mib, 3*mib + 5}

var creating = []rule{
	{"create and read", "a created blob reads back byte by byte, whatever its size", func(t *testing.T, s blob.Store) {
		for i, size := range sizes {
			id := blob.ID(fmt.Sprintf("%02d-size-%d", i, size))
			create(t, s, id, content(id, size))
		}
		for i, size := range sizes {
			id := blob.ID(fmt.Sprintf("%02d-size-%d", i, size))
			wantBlob(t, s, id, content(id, size))
		}
	}},
	{"create from slow readers", "readers may return few bytes at a time, and the last ones with io.EOF", func(t *testing.T, s blob.Store) {
		data := content("a", 1000)
		for id, r := range map[blob.ID]io.Reader{
			"one-byte": iotest.OneByteReader(bytes.NewReader(data)),
			"data-err": iotest.DataErrReader(bytes.NewReader(data)),
			"half":     iotest.HalfReader(bytes.NewReader(data)),
		} {
			if _, err := s.Create(t.Context(), id, r, 1000); err != nil {
				t.Fatalf("create %s: %v", id, err)
			}
			wantBlob(t, s, id, data)
		}
	}},
	{"exists", "a second Create returns ErrExists and what is there, reads nothing and changes nothing", func(t *testing.T, s blob.Store) {
		for _, size := range []int{0, 5, 2*mib + 1} {
			id := blob.ID(fmt.Sprintf("a-%d", size))
			data := content(id, size)
			create(t, s, id, data)
			r := bytes.NewReader(content("another", 100))
			got, err := s.Create(t.Context(), id, r, 100)
			if !errors.Is(err, blob.ErrExists) || got != info(id, data) {
				t.Errorf("got %+v, %v, want %+v, ErrExists", got, err, info(id, data))
			}
			if r.Len() != 100 {
				t.Errorf("%d bytes of the body were read, want none", 100-r.Len())
			}
			wantBlob(t, s, id, data)
		}
	}},
	{"malformed id", "an id that is not well-formed is refused by every method", func(t *testing.T, s blob.Store) {
		for _, id := range []blob.ID{"", "../a", "A", "-"} {
			_, create := s.Create(t.Context(), id, bytes.NewReader(nil), 0)
			_, open := s.Open(t.Context(), id, 0, -1)
			for _, err := range []error{create, open, s.Delete(t.Context(), id)} {
				if !errors.Is(err, blob.ErrID) {
					t.Errorf("%q: got %v, want ErrID", id, err)
				}
			}
		}
	}},
	{"size mismatch", "a body that is shorter or longer than announced is refused and leaves no blob", func(t *testing.T, s blob.Store) {
		for i, c := range []struct{ announced, is int }{{10, 9}, {10, 11}, {0, 1}, {1, 0}, {-1, 0}, {2 * mib, 2*mib - 1}, {2 * mib, 2*mib + 1}, {3 * mib, mib}, {mib, 3 * mib}} {
			id := blob.ID(fmt.Sprintf("a-%d", i))
			_, err := s.Create(t.Context(), id, bytes.NewReader(content(id, c.is)), int64(c.announced))
			if !errors.Is(err, blob.ErrSize) {
				t.Errorf("announced %d, is %d: got %v, want ErrSize", c.announced, c.is, err)
			}
			wantNone(t, s, id)
			create(t, s, id, content(id, 2*mib))
		}
	}},
	{"reader error", "an error of the body is returned as it is, also at the very end, and leaves no blob", func(t *testing.T, s blob.Store) {
		for i, at := range []int{0, 1, 100, mib, 2*mib + 1, 3 * mib} {
			id := blob.ID(fmt.Sprintf("a-%d", i))
			data, broken := content(id, 3*mib), &bodyError{at}
			body := io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(broken))
			var got *bodyError
			if _, err := s.Create(t.Context(), id, body, 3*mib); !errors.As(err, &got) || got != broken {
				t.Errorf("body fails at %d: got %v, want its error", at, err)
			}
			wantNone(t, s, id)
			create(t, s, id, data)
			wantBlob(t, s, id, data)
		}
	}},
	{"cancelled create", "a Create whose context ends before its body does fails with that error and leaves no blob", func(t *testing.T, s blob.Store) {
		for i, at := range []int{0, 1, 2 * mib} {
			id := blob.ID(fmt.Sprintf("a-%d", i))
			ctx, cancel := context.WithCancel(t.Context())
			data := content(id, 3*mib)
			body := io.MultiReader(bytes.NewReader(data[:at]), &hook{do: cancel}, bytes.NewReader(data[at:]))
			if _, err := s.Create(ctx, id, body, 3*mib); !errors.Is(err, context.Canceled) {
				t.Errorf("context ends at %d: got %v, want context.Canceled", at, err)
			}
			wantNone(t, s, id)
			create(t, s, id, data)
		}
	}},
	{"not visible before its end", "a blob whose body has not ended can neither be opened nor listed", func(t *testing.T, s blob.Store) {
		data := content("a", 2*mib+10)
		body := io.MultiReader(bytes.NewReader(data), &hook{do: func() {
			if _, err := s.Open(t.Context(), "a", 0, -1); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("open: got %v, want ErrNotFound", err)
			}
			if got := list(t, s, ""); len(got) != 0 {
				t.Errorf("list: got %+v, want nothing", got)
			}
		}})
		if _, err := s.Create(t.Context(), "a", body, int64(len(data))); err != nil {
			t.Fatal(err)
		}
		wantBlob(t, s, "a", data)
	}},
	{"concurrent creates of one id", "of several Creates of one id at once exactly one succeeds, the others get ErrExists and its Info", func(t *testing.T, s blob.Store) {
		var wins atomic.Int32
		var winner atomic.Pointer[[]byte]
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				data := content(blob.ID(fmt.Sprint(i)), mib+i)
				got, err := s.Create(t.Context(), "a", bytes.NewReader(data), int64(len(data)))
				switch {
				case err == nil:
					wins.Add(1)
					winner.Store(&data)
				case !errors.Is(err, blob.ErrExists) || got.Size < mib:
					t.Errorf("got %+v, %v, want ErrExists and the Info of the winner", got, err)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d Creates succeeded, want 1", wins.Load())
		}
		wantBlob(t, s, "a", *winner.Load())
	}},
	{"a refused create lets the next one in", "a Create that waits for one that fails takes its place", func(t *testing.T, s blob.Store) {
		data := content("a", 100)
		second := make(chan error, 1)
		first := io.MultiReader(bytes.NewReader(data), &hook{do: func() {
			go func() {
				_, err := s.Create(t.Context(), "a", bytes.NewReader(data), 100)
				second <- err
			}()
		}}, iotest.ErrReader(io.ErrClosedPipe))
		if _, err := s.Create(t.Context(), "a", first, 100); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatalf("got %v, want the error of the body", err)
		}
		if err := <-second; err != nil {
			t.Fatalf("the second: %v", err)
		}
		wantBlob(t, s, "a", data)
	}},
	{"slow clients", "clients that stop in the middle of uploads and downloads keep nobody else from working", func(t *testing.T, s blob.Store) {
		finish := slow(t, s, 20)
		defer finish()
		data := content("a", 3*mib)
		create(t, s, "a", data)
		wantBlob(t, s, "a", data)
		if got := len(list(t, s, "")); got != 2 {
			t.Errorf("list: got %d blobs, want 2", got)
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}},
	{"many at once", "Creates, reads, lists and deletes of different blobs run together", func(t *testing.T, s blob.Store) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 5 {
					id := blob.ID(fmt.Sprintf("%d-%d", w, i))
					data := content(id, (w+i)*100_000)
					if _, err := s.Create(t.Context(), id, bytes.NewReader(data), int64(len(data))); err != nil {
						t.Errorf("create %s: %v", id, err)
						continue
					}
					if got, err := read(t, s, id, 0, -1); err != nil || !bytes.Equal(got, data) {
						t.Errorf("read %s: %d bytes, %v", id, len(got), err)
					}
					if i%2 == 0 {
						if err := s.Delete(t.Context(), id); err != nil {
							t.Errorf("delete %s: %v", id, err)
						}
					}
					if err := s.List(t.Context(), "", func(blob.Info) error { return nil }); err != nil {
						t.Errorf("list: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if got := list(t, s, ""); len(got) != 16 {
			t.Errorf("%d blobs are left, want 16", len(got))
		}
	}},
}

// slow makes clients that stop in the middle of uploads and downloads, more
// than a store has connections or files to spare, and returns how they end.
func slow(t *testing.T, s blob.Store, clients int) (finish func()) {
	data := content("slow", 3*mib)
	create(t, s, "slow", data)
	release := make(chan struct{})
	var stopped, done sync.WaitGroup
	for i := range clients {
		r, err := s.Open(t.Context(), "slow", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, mib/2)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		stopped.Add(1)
		done.Go(func() {
			wait := &hook{do: func() { stopped.Done(); <-release }}
			body := io.MultiReader(bytes.NewReader(data[:2*mib]), wait, bytes.NewReader(data[2*mib:]))
			id := blob.ID(fmt.Sprintf("slow-%d", i))
			if _, err := s.Create(t.Context(), id, body, int64(len(data))); err != nil {
				t.Errorf("slow create: %v", err)
			}
			rest, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(append(head, rest...), data) {
				t.Errorf("slow read: %d bytes, %v", len(head)+len(rest), err)
			}
			r.Close()
		})
	}
	stopped.Wait()
	return func() { close(release); done.Wait() }
}

// bodyError is an error of a type that only this test knows.
type bodyError struct{ at int }

func (e *bodyError) Error() string { return fmt.Sprintf("body breaks at %d", e.at) }

// hook is an empty reader that does something when it is reached.
type hook struct{ do func() }

func (h *hook) Read([]byte) (int, error) {
	h.do()
	return 0, io.EOF
}
