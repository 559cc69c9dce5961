package object

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// orphan stores a blob as a process would that dies before it names it.
func (b *bench) orphan() blob.ID {
	b.t.Helper()
	id, err := blob.NewID(b.db.Epoch(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.blobs.Create(b.t.Context(), id, bytes.NewReader(pattern(100)), 100); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// close raises the epoch and sweeps.
func (b *bench) close() {
	b.t.Helper()
	if err := errors.Join(b.Fence(b.t.Context()), b.Sweep(b.t.Context())); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) has(id blob.ID) bool { return slices.Contains(b.blobIDs(), id) }

func TestSweepRemovesOnlyProvenOrphans(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		large := pattern(100 << 10)
		b.put("bucket", "k", large)
		old := b.orphan()
		b.close()
		if !b.has(old) {
			t.Fatal("a blob was removed while its epoch could still be named")
		}
		young := b.orphan()
		b.close()
		if b.has(old) || !b.has(young) {
			t.Errorf("after two fences: old orphan kept %v, young one kept %v; want false, true", b.has(old), b.has(young))
		}
		b.close()
		if b.has(young) {
			t.Error("an orphan outlived two fences")
		}
		if got := b.get("bucket", "k", ""); !bytes.Equal(got, large) {
			t.Error("the sweeper took a blob that is named")
		}
	})
}

// A body that is still on its way when its epoch closes is refused, and only
// then swept: never acknowledged and lost.
func TestFencedBodyIsRefused(t *testing.T) {
	b := newBench(t, "memory")
	data := bytes.NewReader(pattern(100 << 10))
	_, err := b.tryPut("bucket", "late", nil, func(in *PutInput) {
		first := true
		in.Body = Body{Size: data.Size(), Reader: readerFunc(func(p []byte) (int, error) {
			for i := 0; first && i < 2; i++ {
				b.close()
			}
			first = false
			return data.Read(p)
		})}
	})
	wantCode(t, "put across two fences", err, errcode.SlowDown)
	if keys := b.keys("bucket"); keys != "" {
		t.Errorf("keys %q", keys)
	}
	b.put("bucket", "next", pattern(100<<10))
}

func TestReapWaitsForTheGrace(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		b.put("bucket", "k", pattern(100<<10))
		garbage := b.blobIDs()[0]
		r, err := b.Get(t.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		b.put("bucket", "k", pattern(200<<10))
		reap := func(d time.Duration) {
			t.Helper()
			b.clock.advance(d)
			if err := b.Reap(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		reap(29 * time.Minute)
		if got, err := io.ReadAll(io.LimitReader(r.Body, 100)); err != nil || len(got) != 100 {
			t.Errorf("a reader from before: %d bytes, %v", len(got), err)
		}
		r.Body.Close()
		reap(30 * time.Minute)
		if !b.has(garbage) {
			t.Fatal("garbage was removed within its grace")
		}
		reap(2 * time.Minute)
		if b.has(garbage) || len(b.blobIDs()) != 1 {
			t.Errorf("blobs after the grace: %v", b.blobIDs())
		}
		if got := b.get("bucket", "k", ""); !bytes.Equal(got, pattern(200<<10)) {
			t.Error("body changed")
		}
	})
}

func TestReapOfSharedAndAbortedBlobs(t *testing.T) {
	b := newBench(t, "memory")
	u := b.upload("mp")
	b.part(u, 1, pattern(100<<10))
	b.part(u, 1, pattern(101<<10)) // replaces
	kept := b.part(u, 2, pattern(102<<10))
	if _, err := b.tryComplete(u, []CompletePart{kept}); err != nil {
		t.Fatal(err)
	}
	b.copy("mp", "copy")
	b.delete("bucket", "mp", "")
	gone := b.upload("gone")
	b.part(gone, 1, pattern(103<<10))
	if err := b.Abort(t.Context(), alice, "bucket", "gone", gone.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(2 * time.Hour)
	b.put("bucket", "tick", nil) // time is the log's
	if err := b.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(b.blobIDs()); n != 1 {
		t.Errorf("%d blobs are left, want the one of the copy", n)
	}
	if got := b.get("bucket", "copy", ""); !bytes.Equal(got, pattern(102<<10)) {
		t.Error("the copy lost its bytes")
	}
}

func TestUploadsExpire(t *testing.T) {
	for _, age := range []time.Duration{24 * time.Hour, -1} {
		b := newBench(t, "memory", func(c *Config) { c.Limits.UploadAge = age })
		old := b.upload("old")
		b.part(old, 1, pattern(100))
		b.clock.advance(23 * time.Hour)
		young := b.upload("young")
		b.clock.advance(2 * time.Hour)
		if err := b.ExpireUploads(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := b.tryPart(old, 2, nil)
		want := errcode.NoSuchUpload
		if age < 0 {
			want = ""
		}
		wantCode(t, "upload older than "+age.String(), err, want)
		if _, err := b.tryPart(young, 1, nil); err != nil {
			t.Errorf("a younger upload: %v", err)
		}
	}
}

// An exclusive Service removes at its start what a dead process left, and
// nothing of what it stores itself meanwhile.
func TestExclusiveStart(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b := newBench(t, "memory", inClear)
	b.put("bucket", "k", pattern(100<<10))
	orphan := b.orphan()
	s, err := New(t.Context(), Config{Log: b.log, Meta: b.db, Blobs: b.blobs, Clock: b.clock, Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	b.Service = s
	fresh := b.orphan() // as a Put that has not come to its command yet
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		s.Maintain(ctx)
		close(done)
	}()
	b.clock.ticks <- start // taken once the work of the start is done
	if b.has(orphan) || !b.has(fresh) {
		t.Errorf("orphan kept %v, fresh blob kept %v; want false, true", b.has(orphan), b.has(fresh))
	}
	epoch := b.db.Epoch()
	// The clock goes on while the work of a tick does: each rise may be seen a
	// step late, and the last tick is taken once all the work before it is done.
	for range 2*stepsPerGrace + 4 {
		b.clock.advance(time.Hour / stepsPerGrace)
		b.clock.ticks <- start
	}
	b.clock.ticks <- start
	cancel()
	<-done
	if b.has(fresh) || b.db.Epoch() != epoch+2 {
		t.Errorf("after two graces: orphan kept %v, epoch %d, want %d", b.has(fresh), b.db.Epoch(), epoch+2)
	}
	if got := b.get("bucket", "k", ""); !bytes.Equal(got, pattern(100<<10)) {
		t.Error("body changed")
	}
}

func TestLimitsAreChecked(t *testing.T) {
	for name, l := range map[string]Limits{
		"read beyond grace":  {Grace: time.Minute, Write: time.Second},
		"write beyond grace": {Grace: time.Minute, Read: time.Second},
		"inline beyond meta": {Inline: meta.MaxInline + 1},
	} {
		if _, err := New(t.Context(), Config{Limits: l}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// brokenLog fails as told.
type brokenLog struct {
	cluster.Log
	err error
}

func (l *brokenLog) Propose(ctx context.Context, c meta.Command) (meta.Result, error) {
	if l.err != nil {
		return meta.Result{}, l.err
	}
	return l.Log.Propose(ctx, c)
}

// A blob is never removed because the outcome of its command is unclear: the
// command may still take effect.
func TestUnclearOutcomeKeepsTheBlob(t *testing.T) {
	l := &brokenLog{}
	b := newBench(t, "memory", func(c *Config) { l.Log = c.Log; c.Log = l })
	for _, c := range []struct {
		err  error
		want errcode.Code
	}{
		{&cluster.UnknownOutcomeError{Err: context.DeadlineExceeded}, errcode.InternalError},
		{context.DeadlineExceeded, errcode.SlowDown},
		{cluster.ErrClosed, errcode.ServiceUnavailable},
	} {
		blobs := len(b.blobIDs())
		l.err = c.err
		_, err := b.tryPut("bucket", "k", pattern(100<<10))
		wantCode(t, c.err.Error(), err, c.want)
		_, err = b.tryPut("bucket", "k", pattern(100))
		wantCode(t, c.err.Error(), err, c.want)
		l.err = nil
		if got := len(b.blobIDs()); got != blobs+1 {
			t.Errorf("%v: %d blobs, want %d", c.err, got, blobs+1)
		}
	}
	if n := b.flight.used.Load(); n != 0 {
		t.Errorf("%d bytes of the budget are still taken", n)
	}
}

// The whole of it on the process's clock, with eight days in an instant.
func TestMaintainForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "memory", func(c *Config) {
			c.Clock, c.Log = SystemClock{}, cluster.NewLocal(c.Meta, cluster.LocalOptions{})
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			b.Maintain(ctx)
			close(done)
		}()
		u := b.upload("k")
		b.part(u, 1, pattern(100<<10))
		b.put("bucket", "k", pattern(100<<10))
		b.put("bucket", "k", pattern(101<<10))
		orphan := b.orphan()
		time.Sleep(6 * 24 * time.Hour)
		if b.has(orphan) || len(b.blobIDs()) != 2 {
			t.Errorf("after six days: blobs %v, want the object's and the part's", b.blobIDs())
		}
		_, err := b.tryPart(u, 2, nil)
		wantCode(t, "part after six days", err, "")
		time.Sleep(2 * 24 * time.Hour)
		_, err = b.tryPart(u, 3, nil)
		wantCode(t, "part after eight days", err, errcode.NoSuchUpload)
		if len(b.blobIDs()) != 1 {
			t.Errorf("after eight days: blobs %v, want the object's", b.blobIDs())
		}
		cancel()
		<-done
	})
}
