// Package clock is a node's own time in a simulation: the bubble's, unless
// something ails it.
package clock

import (
	"sync"
	"time"

	"bleepstore/fault"
)

// A Clock shows the time of the bubble that it was made in until Trouble. Its
// methods may be called together.
type Clock struct {
	mu      sync.Mutex
	at      time.Time // of the bubble, when it was set last
	shown   time.Time // what it showed then
	trouble fault.ClockTrouble
}

// New returns a clock that goes right.
func New() *Clock {
	now := time.Now()
	return &Clock{at: now, shown: now}
}

// Trouble sets what ails the clock: it goes on from what it shows, but for the
// change of the offset. What it has gained or lost by its rate stays.
func (c *Clock) Trouble(t fault.ClockTrouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.shown = c.show(now).Add(t.Offset - c.trouble.Offset)
	c.at, c.trouble = now, t
}

// Now implements object.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.show(time.Now())
}

func (c *Clock) show(now time.Time) time.Time {
	if c.trouble.Frozen {
		return c.shown
	}
	return c.shown.Add(time.Duration(float64(now.Sub(c.at)) * c.rate()))
}

func (c *Clock) rate() float64 {
	if c.trouble.Rate == 0 {
		return 1
	}
	return c.trouble.Rate
}

// Stretch is how long d of this clock lasts for the others, at its rate now.
func (c *Clock) Stretch(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(float64(d) / c.rate())
}

// Tick implements object.Clock. A ticker is of the monotonic time: a jump and a
// clock that stands still do not move it, and it takes the rate when it is made.
func (c *Clock) Tick(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(c.Stretch(d))
	return t.C, t.Stop
}
