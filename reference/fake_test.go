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

func (brokenBlobs) Create(context.Context, blob.ID, io.Reader, int64) (blob.Info, error) {
	return blob.Info{}, blob.ErrSync
}
