package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/meta"
)

// What comes out of a backup is what was in the store: bodies beside their
// metadata and in blobs, shared extents, versions, uploads in progress.
func TestRestoreIsWhatWasBackedUp(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := newStore(t)
			r := rand.New(rand.NewPCG(seed, 0))
			s.fill(r, 30)
			if err := s.SetVersioning(t.Context(), alice, "bucket", meta.VersioningEnabled); err != nil {
				t.Fatal(err)
			}
			s.fill(r, 30)
			var stream bytes.Buffer
			made, err := Write(t.Context(), &stream, s.source())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Verify(t.Context(), bytes.NewReader(stream.Bytes())); err != nil || got != made {
				t.Errorf("verify: %+v, %v; want %+v", got, err, made)
			}
			want, hash := s.contents(), s.hash()
			dir, got, err := restore(t, &stream)
			if err != nil || got != made {
				t.Fatalf("restore: %+v, %v; want %+v", got, err, made)
			}
			b := openStore(t, dir)
			if got := b.hash(); got != hash {
				t.Error("the metadata differ")
			}
			if n := blobs(t, b.blobs); int64(n) != made.Blobs || n == 0 {
				t.Errorf("%d blobs, want %d", n, made.Blobs)
			}
			if d := cmp.Diff(want, b.serve().contents()); d != "" {
				t.Errorf("(-before +after):\n%s", d)
			}
			b.put("new", text("new", 100))
			b.read("new", "")
		})
	}
}

// A blob of which only the beginning is named is kept as far as that.
func TestWhatNobodyCanReadIsLeftOut(t *testing.T) {
	s := newStore(t)
	s.put("base", text("base", 5000))
	s.multipart("part", "base", true)
	s.remove("base")
	s.clock.move(2 * time.Hour)
	if err := s.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := s.contents()
	dir, m, err := restore(t, bytes.NewReader(s.backup()))
	if err != nil || m.BlobBytes != 201+202+100 {
		t.Fatalf("%d bytes of blobs, %v; want 503", m.BlobBytes, err)
	}
	if d := cmp.Diff(want, openStore(t, dir).serve().contents()); d != "" {
		t.Errorf("(-before +after):\n%s", d)
	}
}

// Everything acknowledged before the start is in the backup, and nothing dangles,
// while clients go on writing, copying and deleting.
func TestBackupWhileWritesGoOn(t *testing.T) {
	s := newStore(t)
	s.put("base", text("base", 5000))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	var acknowledged atomic.Int64
	go func() {
		defer close(done)
		for n := 1; ctx.Err() == nil; n++ {
			key := fmt.Sprint("n", n)
			s.put(key, text(key, 100+n%2000))
			acknowledged.Store(int64(n))
			s.copy("base", fmt.Sprint("copy", n%7))
			s.multipart(fmt.Sprint("multi", n%5), "base", n%2 == 0)
			s.put(fmt.Sprint("gone", n%3), text("gone", 300))
			s.remove(fmt.Sprint("gone", n%3))
			s.clock.move(time.Minute)
			if err := s.Reap(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}()
	defer func() { stop(); <-done }()
	for range 2 {
		for start := acknowledged.Load(); acknowledged.Load() < start+15; {
			time.Sleep(time.Millisecond)
		}
		before := acknowledged.Load()
		dir, _, err := restore(t, bytes.NewReader(s.backup()))
		if err != nil {
			t.Fatal(err)
		}
		b := openStore(t, dir).serve()
		b.contents()
		for n := int64(1); n <= before; n++ {
			b.read(fmt.Sprint("n", n), "")
		}
	}
}

// Blobs that become garbage while a backup runs stay until it is done.
func TestDeletesWait(t *testing.T) {
	s := newStore(t)
	for n := range 5 {
		s.put(fmt.Sprint("k", n), text("k", 100))
	}
	want := s.contents()
	deleteAll := func(src Source) Source {
		take := src.Snapshot
		src.Snapshot = func(ctx context.Context, path string) (uint64, error) {
			applied, err := take(ctx, path)
			for n := range 5 {
				s.remove(fmt.Sprint("k", n))
			}
			s.clock.move(2 * time.Hour)
			return applied, errors.Join(err, s.Reap(ctx), s.Sweep(ctx), s.Sweep(ctx), s.Sweep(ctx))
		}
		return src
	}
	var stream bytes.Buffer
	if _, err := Write(t.Context(), &stream, deleteAll(s.source())); err != nil {
		t.Fatal(err)
	}
	if n := blobs(t, s.blobs); n != 0 {
		t.Errorf("%d blobs are left behind the backup, want 0", n)
	}
	dir, _, err := restore(t, &stream)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, openStore(t, dir).serve().contents()); d != "" {
		t.Errorf("(-before +after):\n%s", d)
	}

	// Without the pause they are gone, which is told in numbers.
	for n := range 5 {
		s.put(fmt.Sprint("k", n), text("k", 100))
	}
	src := deleteAll(s.source())
	src.PauseDeletes = nil
	stream.Reset()
	var missing *MissingError
	if _, err := Write(t.Context(), &stream, src); !errors.As(err, &missing) || missing.Blobs != 5 || missing.Of != 5 || missing.First == "" {
		t.Errorf("got %v, want that 5 of 5 are missing", err)
	}
	if _, err := Verify(t.Context(), &stream); !errors.Is(err, ErrDamaged) {
		t.Errorf("what was written before: got %v, want ErrDamaged", err)
	}
}

// Pauses may overlap; the last one to end deletes.
func TestPausesOverlap(t *testing.T) {
	s := newStore(t)
	s.put("k", text("k", 100))
	first, second := s.blobs.PauseDeletes(), s.blobs.PauseDeletes()
	s.remove("k")
	s.clock.move(2 * time.Hour)
	if err := s.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, resume := range []func(){first, first, second} {
		if n := blobs(t, s.blobs); n != 1 {
			t.Errorf("before step %d: %d blobs, want 1", i, n)
		}
		resume()
	}
	if n := blobs(t, s.blobs); n != 0 {
		t.Errorf("%d blobs at the end, want 0", n)
	}
}

// A backup leaves no copy of the metadata behind, however it ends.
func TestNothingIsLeftBehind(t *testing.T) {
	s := newStore(t)
	s.put("k", text("k", 100))
	s.backup()
	if _, err := Write(t.Context(), failing{}, s.source()); err == nil {
		t.Error("a writer that fails: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, failing{}, s.source()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "backup.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the image is still there: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space") }

// A store that fails is told from a backup that is damaged, also when the
// failure is seen late.
func TestFailureOfTheTarget(t *testing.T) {
	s := newStore(t)
	for n := range 3 * atOnce {
		s.put(fmt.Sprint("k", n), text("k", 100))
	}
	s.put("large", text("large", smallBlob+1))
	whole := s.backup()
	for _, after := range []int64{0, 1, 3*atOnce - 1, 3 * atOnce} {
		full := &filling{Store: memory.New(0)}
		full.room.Store(after)
		target := Target{Meta: filepath.Join(t.TempDir(), "meta.db"), Blobs: full}
		if _, err := Restore(t.Context(), bytes.NewReader(whole), target); !errors.Is(err, blob.ErrFull) || errors.Is(err, ErrDamaged) {
			t.Errorf("full after %d blobs: got %v", after, err)
		}
	}
	enough := Target{Meta: filepath.Join(t.TempDir(), "meta.db"), Blobs: memory.New(0)}
	if _, err := Restore(t.Context(), bytes.NewReader(whole), enough); err != nil {
		t.Error(err)
	}
	if n := blobs(t, enough.Blobs); n != 3*atOnce+1 {
		t.Errorf("%d blobs, want %d", n, 3*atOnce+1)
	}
}

// filling is a store with room for a number of blobs.
type filling struct {
	blob.Store
	room atomic.Int64
}

func (f *filling) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if f.room.Add(-1) < 0 {
		return blob.Info{}, blob.ErrFull
	}
	return f.Store.Create(ctx, id, r, size)
}
