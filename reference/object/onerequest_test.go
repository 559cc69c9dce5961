package object

import (
	"context"
	"errors"
	"testing"

	"bleepstore/reference/cluster"
)

// askedLog counts how often it is asked where to read.
type askedLog struct {
	cluster.Log
	asked int
}

func (l *askedLog) ReadIndex(ctx context.Context) (uint64, error) {
	l.asked++
	return l.Log.ReadIndex(ctx)
}

// A request asks the log once, however often it reads; and again only when what
// it has read is gone, since only a later state can say why.
func TestOneRequestAsksOnce(t *testing.T) {
	l, blobs := &askedLog{}, &vanishing{}
	b := newBench(t, "memory", func(c *Config) {
		l.Log, blobs.Store = c.Log, c.Blobs
		c.Log, c.Blobs = l, blobs
	})
	b.put("bucket", "k", pattern(100<<10))
	asks := func(what string, want int, call func(ctx context.Context) error) {
		t.Helper()
		l.asked = 0
		if err := call(OneRequest(t.Context())); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if l.asked != want {
			t.Errorf("%s asked the log %d times, want %d", what, l.asked, want)
		}
	}
	get := func(ctx context.Context) error {
		r, err := b.Get(ctx, GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
		if err == nil {
			err = r.Body.Close()
		}
		return err
	}
	asks("two reads", 1, func(ctx context.Context) error {
		_, err := b.HeadBucket(ctx, alice, "bucket")
		return errors.Join(err, get(ctx))
	})
	asks("a write with a condition", 1, func(ctx context.Context) error {
		_, err := b.Put(ctx, PutInput{Caller: alice, Bucket: "bucket", Key: "k", Body: bodyOf(pattern(200 << 10)), Condition: WriteCondition{IfMatch: "*"}})
		return err
	})
	blobs.misses = 1
	asks("a read of what was replaced", 2, get)
}
