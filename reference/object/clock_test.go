package object

import (
	"sync"
	"time"
)

// A handClock moves only when told to; its ticks are sent by hand too.
type handClock struct {
	mu    sync.Mutex
	now   time.Time
	ticks chan time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *handClock) Tick(time.Duration) (<-chan time.Time, func()) { return c.ticks, func() {} }
