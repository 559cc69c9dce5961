// Package batch groups calls: while one flush runs, the items that arrive are
// collected, and the next flush takes them all. A lone caller pays no wait, a
// crowd shares the cost of one fsync or one round trip. It knows nothing of
// what an item is or of what a flush does.
package batch

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed is what Do returns once Close was called; the item was not taken.
var ErrClosed = errors.New("batch: closed")

// errAborted is what the others of a batch get when flush did not return (it
// panicked in the goroutine of one of them): their outcome is not known.
var errAborted = errors.New("batch: flush did not return")

// A Sizer is an item that counts towards a batch's limit of bytes. An item
// that is none counts as zero bytes.
type Sizer interface{ Size() int }

// A Batch hands items to its flush function, in the order in which they came.
// It owns no goroutine: a flush runs in the goroutine of the first caller of
// its batch, and only one flush runs at a time. All methods may be called
// together.
type Batch[T any] struct {
	maxItems, maxBytes int
	flush              func([]T) error

	mu     sync.Mutex
	queue  []*entry[T] // not yet taken, oldest first
	busy   bool        // a flush runs, or queue[0] was told to start one
	closed bool
	idle   chan struct{} // made by Close; closed when nothing is left
	spare  []T           // the slice of the last flush, to be used again
	queued int           // bytes in queue
	crowd  *crowd        // nil: nobody is waited for
}

type entry[T any] struct {
	item   T
	size   int
	taken  bool // a flush holds it: its outcome will come
	leader bool // it was told to flush the next batch
	signal chan signal
}

type signal struct {
	lead bool
	err  error
}

// New returns a Batch whose flush gets 1 to maxItems items of together at most
// maxBytes bytes; an item that is larger goes alone. A limit of 0 is none.
//
// Flush's error is what every caller of that batch gets. Outcomes that differ
// from item to item belong into the items: let T be a pointer, and have flush
// write to it. The slice is reused: flush must not keep it.
func New[T any](maxItems, maxBytes int, flush func([]T) error) *Batch[T] {
	return &Batch[T]{maxItems: maxItems, maxBytes: maxBytes, flush: flush}
}

// Do returns when item was flushed, with the error of its flush, or when it
// certainly never will be: with ErrClosed, or with ctx's error when ctx ends
// while the item still waits. Once a flush has taken the item Do waits for it,
// however ctx fares: the result is always the true outcome, and after Do has
// returned nothing else holds the item. A flush that can take long needs a
// deadline of its own.
func (b *Batch[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	e := &entry[T]{item: item, signal: make(chan signal, 1)}
	if s, ok := any(item).(Sizer); ok {
		e.size = s.Size()
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return ErrClosed
	}
	b.queue = append(b.queue, e)
	b.queued += e.size
	b.crowd.come()
	if !b.busy {
		b.busy = true
		return b.lead(e)
	}
	b.mu.Unlock()

	select {
	case s := <-e.signal:
		return b.follow(e, s)
	case <-ctx.Done():
	}
	b.mu.Lock()
	if e.taken {
		b.mu.Unlock()
		return b.follow(e, <-e.signal)
	}
	b.remove(e)
	if e.leader {
		b.next()
	}
	b.mu.Unlock()
	return context.Cause(ctx)
}

// Waiting returns how many items wait for their flush to begin.
func (b *Batch[T]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

// Close lets what waits be flushed, then returns. Calls of Do that come later
// get ErrClosed. Close may be called again, and then waits as well.
func (b *Batch[T]) Close() {
	b.mu.Lock()
	b.closed = true
	if !b.busy {
		b.mu.Unlock()
		return
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	idle := b.idle
	b.mu.Unlock()
	<-idle
}

func (b *Batch[T]) follow(e *entry[T], s signal) error {
	if !s.lead {
		return s.err
	}
	b.mu.Lock()
	return b.lead(e)
}

// lead flushes the next batch, whose first item is e. It is called with the
// lock held and releases it.
func (b *Batch[T]) lead(e *entry[T]) error {
	b.gather()
	taken, items := b.take()
	b.mu.Unlock()

	began, err := time.Now(), errAborted
	defer func() { // also when flush panics: the others must not wait for ever
		for _, o := range taken {
			if o != e {
				o.signal <- signal{err: err}
			}
		}
		clear(items)
		b.mu.Lock()
		b.crowd.flushed(began, len(taken)+len(b.queue))
		b.spare = items[:0]
		b.next()
		b.mu.Unlock()
	}()
	err = b.flush(items)
	return err
}

// take removes from the queue what fits into one batch, at least one entry.
func (b *Batch[T]) take() ([]*entry[T], []T) {
	items, bytes, n := b.spare, 0, 0
	b.spare = nil
	for _, e := range b.queue {
		bytes += e.size
		if n > 0 && (b.maxItems > 0 && n == b.maxItems || b.maxBytes > 0 && bytes > b.maxBytes) {
			break
		}
		e.taken = true
		b.queued -= e.size
		items = append(items, e.item)
		n++
	}
	taken := b.queue[:n:n]
	b.queue = b.queue[n:]
	return taken, items
}

// next tells the oldest entry that waits to flush; with none, the Batch rests.
func (b *Batch[T]) next() {
	if len(b.queue) > 0 {
		e := b.queue[0]
		e.leader = true
		e.signal <- signal{lead: true}
		return
	}
	b.queue, b.busy = nil, false
	if b.idle != nil {
		close(b.idle)
		b.idle = nil
	}
}

func (b *Batch[T]) remove(e *entry[T]) {
	for i, o := range b.queue {
		if o == e {
			b.queue = append(b.queue[:i:i], b.queue[i+1:]...)
			b.queued -= e.size
			return
		}
	}
}
