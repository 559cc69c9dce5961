package reference_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
)

// slow is a store whose Creates do not heed the end of their context at once.
type slow struct {
	blob.Store
	hold    atomic.Bool
	entered chan struct{}
	busy    atomic.Int32
	torn    atomic.Bool // it was closed under a Create
}

func (s *slow) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if !s.hold.Load() {
		return s.Store.Create(ctx, id, r, size)
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	s.entered <- struct{}{}
	<-ctx.Done()
	time.Sleep(200 * time.Millisecond) // a disk that is slow
	return blob.Info{}, ctx.Err()
}

func (s *slow) Close() error {
	if s.busy.Load() > 0 {
		s.torn.Store(true)
	}
	return s.Store.Close()
}

// TestNodeClosesItsStoreLast: what other nodes have it do has ended by then.
func TestNodeClosesItsStoreLast(t *testing.T) {
	s := &slow{Store: memory.New(0), entered: make(chan struct{}, 8)}
	c := reference.StartCluster(t, 3, func(node int, c *reference.Config) {
		if node == 1 {
			c.Blobs = s
		}
	})
	createBucket(t, client(c, 0))
	s.hold.Store(true)
	put(t, client(c, 0), "key", bytesOf(1, 100<<10))
	select {
	case <-s.entered:
	case <-time.After(10 * time.Second):
		t.Fatal("the node is asked to hold nothing")
	}
	c.Kill(1)
	if s.torn.Load() {
		t.Error("the store was closed under another node's blob")
	}
	wantBody(t, client(c, 2), "key", bytesOf(1, 100<<10))
}
