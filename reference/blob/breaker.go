package blob

import (
	"fmt"
	"sync"
)

// A Breaker remembers that a sync failed. Backends use it; the zero value is
// ready, and all methods may be called together.
type Breaker struct {
	mu  sync.Mutex
	err error
}

// Trip returns cause as an ErrSync, which Err returns from now on.
func (b *Breaker) Trip(cause error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = fmt.Errorf("%w: %w", ErrSync, cause)
	}
	return b.err
}

// Err returns the first ErrSync, nil as long as there was none.
func (b *Breaker) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
