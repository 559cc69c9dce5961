package sim

import (
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/object"
)

// A clock is a node's own time, made of the bubble's.
type clock struct {
	mu      sync.Mutex
	at      time.Time // of the bubble, when it was set last
	shown   time.Time // what it showed then
	trouble fault.ClockTrouble
}

var _ object.Clock = (*clock)(nil)

func newClock() *clock { return &clock{at: time.Now(), shown: time.Now()} }

// set puts trouble on the clock: what it shows goes on from where it is, but for
// the change of the offset.
func (c *clock) set(t fault.ClockTrouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := c.now()
	c.at, c.shown = time.Now(), shown.Add(t.Offset-c.trouble.Offset)
	c.trouble = t
}

// Now implements object.Clock.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *clock) now() time.Time {
	if c.trouble.Frozen {
		return c.shown
	}
	return c.shown.Add(time.Duration(float64(time.Since(c.at)) * c.rate()))
}

func (c *clock) rate() float64 {
	if c.trouble.Rate == 0 {
		return 1
	}
	return c.trouble.Rate
}

// stretch is how long d of this clock lasts by the others.
func (c *clock) stretch(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(float64(d) / c.rate())
}

// Tick implements object.Clock: a jump or a frozen clock does not move it, since
// tickers are of the monotonic time.
func (c *clock) Tick(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(c.stretch(d))
	return t.C, t.Stop
}
