package simnet

import "time"

// A waiter is one side of a queue at which goroutines wait, one at a time: the
// turn keeps the others away. Net.mu guards what is not a channel.
type waiter struct {
	turn     chan struct{} // holds one while a goroutine has its turn
	wake     chan struct{} // of capacity 1
	timer    *time.Timer   // made by the first who waits
	waiting  bool
	until    time.Time // when the one who waits wakes by itself; zero: never
	deadline time.Time // as set by the user; zero: none
}

func newWaiter() waiter {
	return waiter{turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
}

// take takes the turn; the caller leaves it.
func (w *waiter) take()  { w.turn <- struct{}{} }
func (w *waiter) leave() { <-w.turn }

// late says whether the deadline has passed.
func (w *waiter) late(now time.Time) bool { return !w.deadline.IsZero() && !now.Before(w.deadline) }

// prepare is called with Net.mu held, before wait: to be woken at until, if that
// is not zero, at the deadline, and by poke and rouse.
func (w *waiter) prepare(now, until time.Time) {
	if !w.deadline.IsZero() && (until.IsZero() || w.deadline.Before(until)) {
		until = w.deadline
	}
	w.waiting, w.until = true, until
	switch {
	case w.timer == nil && until.IsZero():
		w.timer = time.NewTimer(time.Hour)
		w.timer.Stop()
	case w.timer == nil:
		w.timer = time.NewTimer(until.Sub(now))
	case until.IsZero():
		w.timer.Stop()
	default:
		w.timer.Reset(until.Sub(now))
	}
}

// wait is called without Net.mu.
func (w *waiter) wait() {
	select {
	case <-w.timer.C:
	case <-w.wake:
	}
}

// poke lets whoever waits look again at once. Net.mu is held.
func (w *waiter) poke() {
	if !w.waiting {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// rouse lets whoever waits look again at a time. Net.mu is held.
func (w *waiter) rouse(now, at time.Time) {
	if w.waiting && (w.until.IsZero() || at.Before(w.until)) {
		w.until = at
		w.timer.Reset(at.Sub(now))
	}
}

// setDeadline is called with Net.mu held.
func (w *waiter) setDeadline(t time.Time) {
	w.deadline = t
	w.poke()
}
