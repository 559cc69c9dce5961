package migrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/migrate"
)

// A ground is two stores, and what is named of the first.
type ground struct {
	from, to blob.Store
	named    []migrate.Name
	bodies   map[blob.ID][]byte
}

// newGround has n blobs, and some of no name.
func newGround(t *testing.T, n int) *ground {
	t.Helper()
	g := &ground{from: memory.New(0), to: memory.New(0), bodies: map[blob.ID][]byte{}}
	r := rand.NewChaCha8([32]byte{7})
	for i := range n + n/10 {
		id, err := blob.NewID(uint64(i%5), r)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, i*37%5000)
		_, _ = r.Read(body) // it has no error
		create(t, g.from, id, body)
		if i < n {
			g.bodies[id] = body
			g.named = append(g.named, migrate.Name{ID: id, Size: int64(len(body))})
		}
	}
	create(t, g.from, "store-mark", []byte("mark")) // which no server has made
	slices.SortFunc(g.named, func(a, b migrate.Name) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return g
}

func create(t *testing.T, s blob.Store, id blob.ID, body []byte) {
	t.Helper()
	if _, err := s.Create(t.Context(), id, bytes.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
}

func (g *ground) names(_ context.Context, after blob.ID, most int) ([]migrate.Name, error) {
	at, _ := slices.BinarySearchFunc(g.named, after, func(n migrate.Name, id blob.ID) int {
		if n.ID <= id {
			return -1
		}
		return 1
	})
	return g.named[at:min(len(g.named), at+most)], nil
}

func (g *ground) run(ctx context.Context, p *migrate.Progress) error {
	return migrate.Job{From: g.from, To: g.to, Names: g.names, Copies: 4, Progress: p}.Run(ctx)
}

// wantCopy sees to it that the second store is what is named of the first.
func (g *ground) wantCopy(t *testing.T) {
	t.Helper()
	n := 0
	err := g.to.List(t.Context(), "", func(i blob.Info) error {
		n++
		r, err := g.to.Open(t.Context(), i.ID, 0, -1)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if want, named := g.bodies[i.ID]; !named || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d, named %v", i.ID, len(got), len(want), named)
		}
		return errors.Join(err, r.Close())
	})
	if err != nil || n != len(g.named) {
		t.Errorf("%d blobs, want %d; %v", n, len(g.named), err)
	}
}

// What is named is copied, and nothing else: more than a page of it. What is there
// from before stays if it is the same, and goes if it is not.
func TestRun(t *testing.T) {
	g := newGround(t, 2100)
	create(t, g.to, g.named[3].ID, g.bodies[g.named[3].ID])
	create(t, g.to, g.named[500].ID, []byte("other bytes"))
	stale, err := blob.NewID(3, rand.NewChaCha8([32]byte{8}))
	if err != nil {
		t.Fatal(err)
	}
	create(t, g.to, stale, []byte("what nothing names any more"))
	var p migrate.Progress
	if err := g.run(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	g.wantCopy(t)
	if p.Blobs.Load() != 2100 || p.OfBlobs.Load() != 2100 || p.There.Load() != 1 || p.Bytes.Load() != p.OfBytes.Load() {
		t.Errorf("%d of %d blobs, %d of %d bytes, %d were there", p.Blobs.Load(), p.OfBlobs.Load(), p.Bytes.Load(), p.OfBytes.Load(), p.There.Load())
	}
}

// A store that hooks into another one.
type hooked struct {
	blob.Store
	open   func(id blob.ID, r io.ReadCloser) io.ReadCloser
	create func(id blob.ID) error
	lose   func(id blob.ID) bool
}

func (h *hooked) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	r, err := h.Store.Open(ctx, id, off, n)
	if err == nil && h.open != nil {
		r = h.open(id, r)
	}
	return r, err
}

func (h *hooked) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if h.create != nil {
		if err := h.create(id); err != nil {
			return blob.Info{}, err
		}
	}
	info, err := h.Store.Create(ctx, id, r, size)
	if err == nil && h.lose != nil && h.lose(id) {
		err = h.Delete(ctx, id)
	}
	return info, err
}

// A run that is cut off leaves what it has copied to the next one.
func TestRunGoesOn(t *testing.T) {
	g := newGround(t, 300)
	ctx, cancel := context.WithCancel(t.Context())
	var begun, most, now atomic.Int64
	to := g.to
	g.to = &hooked{Store: to, create: func(blob.ID) error {
		if begun.Add(1) == 150 {
			cancel()
		}
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		return nil
	}}
	if err := g.run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if most.Load() > 4 {
		t.Errorf("%d copies at a time, want 4 at most", most.Load())
	}
	g.to = to
	var p migrate.Progress
	if err := g.run(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	g.wantCopy(t)
	if there := p.There.Load(); there < 100 || there > 154 {
		t.Errorf("%d were there already", there)
	}
}

// What is not whole, or does not arrive as it was, is told; and a copy of other
// bytes is not left for the next run to take for a good one.
func TestRunVerifies(t *testing.T) {
	flip := func(id blob.ID, r io.ReadCloser) io.ReadCloser { return &flipping{r} }
	for name, tt := range map[string]struct {
		spoil func(g *ground)
		want  error
	}{
		"other bytes": {func(g *ground) { g.from = &hooked{Store: g.from, open: flip} }, migrate.ErrDiffers},
		"a copy is lost": {func(g *ground) {
			g.to = &hooked{Store: g.to, lose: func(id blob.ID) bool { return id == g.named[7].ID }}
		}, migrate.ErrDiffers},
		"one is missing":   {func(g *ground) { g.named[9].ID += "0" }, migrate.ErrMissing},
		"one is short":     {func(g *ground) { g.named[9].Size++ }, blob.ErrCorrupt},
		"there is no room": {func(g *ground) { g.to = memory.New(100) }, blob.ErrFull},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t, 30)
			tt.spoil(g)
			if err := g.run(t.Context(), nil); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			err := g.to.List(t.Context(), "", func(i blob.Info) error {
				r, err := g.to.Open(t.Context(), i.ID, 0, -1)
				if err != nil {
					return err
				}
				got, err := io.ReadAll(r)
				if !bytes.Equal(got, g.bodies[i.ID]) {
					err = fmt.Errorf("%s is left with other bytes", i.ID)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A flipping reader changes the first byte.
type flipping struct{ io.ReadCloser }

func (f *flipping) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if n > 0 {
		p[0] ^= 1
	}
	return n, err
}
