package backup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"bleepstore/reference/blob"
)

// Blobs up to smallBlob bytes are made durable atOnce at a time: one by one, each
// would wait for the disk alone.
const (
	smallBlob = 1 << 20
	atOnce    = 16
)

// A filler stores the blobs of a backup. put is called by one goroutine.
type filler struct {
	ctx   context.Context
	to    blob.Store
	slots chan struct{} // one for each that is on its way
	wg    sync.WaitGroup

	mu  sync.Mutex
	err error // the first
}

func newFiller(ctx context.Context, to blob.Store) *filler {
	return &filler{ctx: ctx, to: to, slots: make(chan struct{}, atOnce)}
}

// put takes size bytes of r, and stores them, perhaps later. Its error may be
// that of an earlier blob.
func (f *filler) put(id blob.ID, r io.Reader, size int64) error {
	if err := f.failed(); err != nil {
		return err
	}
	if size > smallBlob {
		return f.create(id, r, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("restore blob %s: %w", id, err)
	}
	f.slots <- struct{}{}
	f.wg.Go(func() {
		defer func() { <-f.slots }()
		if err := f.create(id, bytes.NewReader(body), size); err != nil {
			f.fail(err)
		}
	})
	return nil
}

func (f *filler) create(id blob.ID, r io.Reader, size int64) error {
	if _, err := f.to.Create(f.ctx, id, r, size); err != nil {
		return fmt.Errorf("restore blob %s: %w", id, err)
	}
	return nil
}

// wait returns once nothing is on its way, with the first error.
func (f *filler) wait() error {
	f.wg.Wait()
	return f.failed()
}

func (f *filler) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *filler) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
