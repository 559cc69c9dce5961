package reference_test

import (
	"context"
	"io"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/object"
)

func shortGrace() object.Limits { return object.Limits{Grace: time.Minute} }

// slowBlobs stops in the middle of a Create until it is told to go on.
type slowBlobs struct {
	blob.Store
	entered, leave chan bool
}

func (s *slowBlobs) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	s.entered <- true
	<-s.leave
	return s.Store.Create(ctx, id, r, size)
}

// brokenBlobs is a store whose disk does not sync.
type brokenBlobs struct{ blob.Store }

func (brokenBlobs) Create(_ context.Context, _ blob.ID, r io.Reader, _ int64) (blob.Info, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{}, blob.ErrSync
}

// tickClock is the system's, but what happens at intervals of every happens
// when the test says so.
type tickClock struct {
	object.SystemClock
	every time.Duration
	ticks chan time.Time
}

func (c *tickClock) Tick(d time.Duration) (<-chan time.Time, func()) {
	if d == c.every {
		return c.ticks, func() {}
	}
	return c.SystemClock.Tick(d)
}
