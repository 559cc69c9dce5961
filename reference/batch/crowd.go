package batch

import "time"

// A crowd is who may come again soon: those whom the last flush answered, and
// those who waited when it ended. Without it half of a crowd that asks again
// as soon as it is answered misses every flush, and waits for two.
type crowd struct {
	size     int
	took     time.Duration // by the last flush
	ended    time.Time     // when it did
	waiting  bool          // a leader does
	arrivals chan struct{} // wakes him
}

// Patient makes b wait, before a flush, for callers who were answered a moment
// ago, as long as that costs less than a flush of their own: the next one must
// come within the time of a flush divided by twice the number of those who wait
// for it. A lone caller waits for nobody. It must be called before Do.
func (b *Batch[T]) Patient() *Batch[T] {
	b.crowd = &crowd{arrivals: make(chan struct{}, 1)}
	return b
}

// gather waits for the crowd. It is called with the lock held by the leader of
// the next batch, and returns so.
func (b *Batch[T]) gather() {
	c := b.crowd
	if c == nil || time.Since(c.ended) > c.took {
		return
	}
	c.waiting = true
	var timer *time.Timer
	for n := len(b.queue); n < c.size && !b.full(); n = len(b.queue) {
		patience := c.took / time.Duration(2*n)
		if timer == nil {
			timer = time.NewTimer(patience)
			defer timer.Stop()
		} else {
			timer.Reset(patience)
		}
		b.mu.Unlock()
		select {
		case <-c.arrivals:
		case <-timer.C:
		}
		b.mu.Lock()
		if len(b.queue) <= n {
			break
		}
	}
	c.waiting = false
	select {
	case <-c.arrivals: // of one who came last
	default:
	}
}

// full says that waiting brings nothing into the next batch.
func (b *Batch[T]) full() bool {
	return b.closed || b.maxItems > 0 && len(b.queue) >= b.maxItems || b.maxBytes > 0 && b.queued >= b.maxBytes
}

// come tells the leader that an item was queued.
func (c *crowd) come() {
	if c == nil || !c.waiting {
		return
	}
	select {
	case c.arrivals <- struct{}{}:
	default: // he is told already
	}
}

// flushed notes a flush that began then, and how many have met it.
func (c *crowd) flushed(began time.Time, met int) {
	if c != nil {
		c.size, c.ended = met, time.Now()
		c.took = c.ended.Sub(began)
	}
}
