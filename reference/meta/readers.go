package meta

import (
	"context"
	"errors"
	"sync"
)

// readers are the reading connections of a database. They are opened when they
// are needed, and the one used last is used next, so that a quiet server has
// one, with its cache warm. Methods may be called together.
type readers struct {
	open  func() (*conn, error)
	slots chan struct{} // one for each in use

	mu   sync.Mutex
	idle []*conn
}

// newReaders returns at most n connections. The first is opened at once, to see
// that it can be.
func newReaders(n int, open func() (*conn, error)) (*readers, error) {
	r := &readers{open: open, slots: make(chan struct{}, n)}
	c, err := open()
	if err == nil {
		r.idle = append(r.idle, c)
	}
	return r, err
}

// get waits for a connection, which put takes back. Its error is ctx's, or that
// of opening one.
func (r *readers) get(ctx context.Context) (*conn, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if c := r.pop(); c != nil {
		return c, nil
	}
	c, err := r.open()
	if err != nil {
		<-r.slots
	}
	return c, err
}

func (r *readers) pop() *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.idle)
	if n == 0 {
		return nil
	}
	c := r.idle[n-1]
	r.idle = r.idle[:n-1]
	return c
}

func (r *readers) put(c *conn) {
	r.mu.Lock()
	r.idle = append(r.idle, c)
	r.mu.Unlock()
	<-r.slots
}

// close closes those that are not in use.
func (r *readers) close() error {
	var errs []error
	for c := r.pop(); c != nil; c = r.pop() {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
