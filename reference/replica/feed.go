package replica

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/reference/blob"
)

const (
	chunkLen   = 256 << 10
	smallChunk = 32 << 10
	// queueLen is how many chunks wait for a holder at most; it holds one more.
	queueLen = 4
)

var pools = [2]sync.Pool{
	{New: func() any { return &chunk{mem: make([]byte, smallChunk)} }},
	{New: func() any { return &chunk{mem: make([]byte, chunkLen), large: 1} }},
}

// A chunk is a piece of a body that several holders read. It goes back to its
// pool when the last of them has released it.
type chunk struct {
	mem   []byte
	data  []byte // what of mem is filled
	large int
	refs  atomic.Int32
}

// newChunk returns a chunk for up to chunkLen of n bytes, held once.
func newChunk(n int64) *chunk {
	class := 0
	if n > smallChunk {
		class = 1
	}
	c := pools[class].Get().(*chunk)
	c.data = c.mem[:min(n, int64(len(c.mem)))]
	c.refs.Store(1)
	return c
}

func (c *chunk) release() {
	if c.refs.Add(-1) == 0 {
		pools[c.large].Put(c)
	}
}

// A feed is the body as one holder reads it: chunks that the pump pushes. Read
// may be called, by one goroutine, while another closes the feed, and fails
// from then on.
type feed struct {
	node   string
	cancel context.CancelFunc
	wake   chan struct{} // shared by the feeds of a Create, capacity 1: asked, or room

	mu      sync.Mutex
	changed sync.Cond
	queue   []*chunk
	cur     *chunk
	rest    []byte // of cur
	end     error  // what Read returns behind the queue
	asked   bool   // Read was called
	drained bool   // Read has returned end
	moved   time.Time

	// Set before the feed is sent to results, then left alone.
	info blob.Info
	err  error
	// Of the Create's own goroutine.
	ended, dropped bool
}

func newFeed(node string, wake chan struct{}) *feed {
	f := &feed{node: node, wake: wake, moved: time.Now()}
	f.changed.L = &f.mu
	return f
}

func (f *feed) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.asked {
		f.asked = true
		f.signal()
	}
	for len(f.rest) == 0 {
		if f.cur != nil {
			f.cur.release()
			f.cur = nil
		}
		if len(f.queue) > 0 {
			f.cur, f.queue = f.queue[0], f.queue[1:]
			f.rest, f.moved = f.cur.data, time.Now()
			f.signal()
			continue
		}
		if f.end != nil {
			f.drained, f.moved = true, time.Now()
			return 0, f.end
		}
		f.changed.Wait()
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// push gives the feed c; false if there is no room. A feed that has failed
// takes everything and keeps nothing.
func (f *feed) push(c *chunk) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.end != nil:
		return true
	case len(f.queue) == queueLen:
		return false
	case len(f.queue) == 0:
		f.moved = time.Now()
	}
	c.refs.Add(1)
	f.queue = append(f.queue, c)
	f.changed.Broadcast()
	return true
}

// finish lets Read return io.EOF behind what was pushed.
func (f *feed) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end == nil {
		f.end, f.moved = io.EOF, time.Now()
		f.changed.Broadcast()
	}
}

// fail lets Read return err at once, and gives back what the feed holds.
func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.queue {
		c.release()
	}
	if f.cur != nil {
		f.cur.release()
	}
	f.queue, f.cur, f.rest, f.end = nil, nil, nil, err
	f.changed.Broadcast()
}

var errFeedClosed = errors.New("the body is read no more")

// wants says whether Read was ever called.
func (f *feed) wants() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// idle returns for how long the holder has taken nothing of what there is for
// it, and whether it has everything.
func (f *feed) idle() (since time.Duration, drained bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 && f.end == nil {
		return 0, false
	}
	return time.Since(f.moved), f.drained
}
