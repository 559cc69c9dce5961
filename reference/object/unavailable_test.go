package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// deafLog refuses reads as told, and proposals as brokenLog does.
type deafLog struct {
	brokenLog
	read error
}

func (l *deafLog) ReadIndex(ctx context.Context) (uint64, error) {
	if l.read != nil {
		return 0, l.read
	}
	return l.Log.ReadIndex(ctx)
}

// What a client is told of each way in which a log refuses.
var refused = []struct {
	err         error
	read, write errcode.Code
}{
	{&cluster.RefusedError{Err: cluster.ErrNoLeader}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: cluster.ErrNotLeader}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: cluster.ErrNoQuorum}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: cluster.ErrBusy}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: cluster.ErrBehind}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: cluster.ErrVersion}, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{&cluster.RefusedError{Err: fmt.Errorf("%w: %w", cluster.ErrNoLeader, context.DeadlineExceeded)}, errcode.SlowDown, errcode.SlowDown},
	{&cluster.RefusedError{Err: errors.New("some other reason")}, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrNoLeader, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrNotLeader, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrNoQuorum, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrBusy, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrBehind, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrVersion, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{context.DeadlineExceeded, errcode.SlowDown, errcode.SlowDown},
	{cluster.ErrClosed, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{cluster.ErrBroken, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{&cluster.RefusedError{Err: cluster.ErrClosed}, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{&meta.FatalError{Err: errors.New("disk")}, errcode.ServiceUnavailable, errcode.ServiceUnavailable},
	{cluster.ErrTooLarge, errcode.InternalError, errcode.InternalError},
	{&cluster.UnknownOutcomeError{Err: cluster.ErrNoLeader}, errcode.InternalError, errcode.InternalError},
	{&cluster.UnknownOutcomeError{Err: &meta.FatalError{Err: errors.New("disk")}}, errcode.InternalError, errcode.InternalError},
}

func TestRefusalsOfTheLog(t *testing.T) {
	l := &deafLog{}
	b := newBench(t, "memory", func(c *Config) { l.Log = c.Log; c.Log = l })
	b.put("bucket", "k", pattern(100))
	for _, c := range refused {
		l.read = c.err
		_, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k"})
		wantCode(t, "get: "+c.err.Error(), err, c.read)
		_, err = b.List(t.Context(), alice, ListInput{Bucket: "bucket", Max: 1})
		wantCode(t, "list: "+c.err.Error(), err, c.read)
		_, err = b.HeadBucket(t.Context(), alice, "bucket")
		wantCode(t, "head bucket: "+c.err.Error(), err, c.read)
		l.read, l.err = nil, c.err
		_, err = b.tryPut("bucket", "k", pattern(200))
		wantCode(t, "put: "+c.err.Error(), err, c.write)
		_, err = b.CreateBucket(t.Context(), CreateBucketInput{Caller: alice, Name: "other"})
		wantCode(t, "create bucket: "+c.err.Error(), err, c.write)
		_, err = b.Delete(t.Context(), DeleteInput{Caller: alice, Bucket: "bucket", Key: "k"})
		wantCode(t, "delete: "+c.err.Error(), err, c.write)
		l.err = nil
	}
	if got := len(b.get("bucket", "k", "")); got != 100 {
		t.Errorf("the object has %d bytes, want 100", got)
	}
}

// far is a store whose holders can be reached as told.
type far struct {
	blob.Store
	err    error // nil: they can be
	midway bool  // only once a reader is open
}

func (f *far) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if f.err != nil {
		return blob.Info{}, f.err
	}
	return f.Store.Create(ctx, id, r, size)
}

func (f *far) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if f.err != nil && !f.midway {
		return nil, f.err
	}
	r, err := f.Store.Open(ctx, id, off, n)
	if f.err != nil && err == nil {
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r, 10), readerFunc(func([]byte) (int, error) { return 0, f.err })), r}, nil
	}
	return r, err
}

// Holders that cannot be reached, or are too busy, cost the request, and nothing else.
func TestHoldersOutOfReach(t *testing.T) {
	t.Run("unreachable", func(t *testing.T) { outOfReach(t, blob.ErrUnavailable, errcode.ServiceUnavailable) })
	t.Run("busy", func(t *testing.T) { outOfReach(t, blob.ErrBusy, errcode.SlowDown) })
}

func outOfReach(t *testing.T, cause error, want errcode.Code) {
	f := &far{}
	b := newBench(t, "memory", func(c *Config) { f.Store = c.Blobs; c.Blobs = f })
	old := pattern(100 << 10)
	b.put("bucket", "k", old)
	mp := b.upload("mp")
	if _, err := b.tryComplete(mp, []CompletePart{b.part(mp, 1, old)}); err != nil {
		t.Fatal(err)
	}
	u := b.upload("u")
	f.err = fmt.Errorf("1 of 3: %w", cause)
	_, err := b.tryPut("bucket", "k", pattern(50<<10))
	wantCode(t, "put", err, want)
	_, err = b.tryPart(u, 1, pattern(50<<10))
	wantCode(t, "part", err, want)
	_, err = b.Get(t.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
	wantCode(t, "get", err, want)
	for _, f.midway = range []bool{false, true} {
		_, err = b.Copy(t.Context(), CopyInput{Caller: alice, SourceBucket: "bucket", SourceKey: "mp", Bucket: "bucket", Key: "copy"})
		wantCode(t, "copy that reads", err, want)
		_, err = b.CopyPart(t.Context(), CopyPartInput{Caller: alice, SourceBucket: "bucket", SourceKey: "k",
			Bucket: "bucket", Key: "u", UploadID: u.ID, Number: 1, Range: "bytes=0-9999"})
		wantCode(t, "copy of a part", err, want)
	}
	r, err := b.Get(t.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r.Body); !errors.Is(err, cause) {
		t.Errorf("a body whose holders are lost ends after %d bytes with %v", n, err)
	}
	r.Body.Close()
	f.err = nil
	if got := b.get("bucket", "k", ""); string(got) != string(old) {
		t.Error("body changed")
	}
	if keys := b.keys("bucket"); keys != "k mp" {
		t.Errorf("keys %q", keys)
	}
}
