package blob

import (
	"context"
	"sync"
)

// Claims lets one call at a time work on an id. Backends use it; the zero
// value is ready, and all methods may be called together.
type Claims struct {
	mu   sync.Mutex
	held map[ID]chan struct{} // closed when released
}

// Acquire waits until nobody holds id, then holds it until release is called.
// It fails only when ctx ends first.
func (c *Claims) Acquire(ctx context.Context, id ID) (release func(), err error) {
	for {
		release, other := c.try(id)
		if release != nil {
			return release, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Try is Acquire without the wait: false if somebody holds id.
func (c *Claims) Try(id ID) (release func(), ok bool) {
	release, _ = c.try(id)
	return release, release != nil
}

// try returns either release or what is closed when the holder releases.
func (c *Claims) try(id ID) (release func(), other <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, taken := c.held[id]; taken {
		return nil, other
	}
	if c.held == nil {
		c.held = map[ID]chan struct{}{}
	}
	done := make(chan struct{})
	c.held[id] = done
	return func() { c.release(id, done) }, nil
}

func (c *Claims) release(id ID, done chan struct{}) {
	c.mu.Lock()
	delete(c.held, id)
	c.mu.Unlock()
	close(done)
}
