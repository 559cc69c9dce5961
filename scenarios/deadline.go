package scenarios

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// An answer that takes longer than prompt puts a scenario's end off by as much
// as that, and so does a wait for a turn to ask, by grace in all: that a server is
// slow, or the run throttled, is not the scenario's doing. A request that nobody
// answers puts nothing off, so that a server that hangs is left in time, and so is
// one that answers at once and without end.
const (
	prompt = 100 * time.Millisecond
	grace  = 10 * time.Minute
)

// A deadline is when a scenario has to be over. It is put off while the scenario
// runs; its methods may be called concurrently.
type deadline struct {
	limit time.Duration // on a server that answers at once

	mu      sync.Mutex
	timer   *time.Timer
	end     time.Time
	late    time.Duration // by which it was put off, at most grace
	slowest time.Duration // answer so far
}

// begin starts a deadline of limit from now; ctx ends when it strikes, and when
// cancel is called.
func (d *deadline) begin(ctx context.Context, limit time.Duration) (_ context.Context, cancel func()) {
	ctx, strike := context.WithCancelCause(ctx)
	d.limit, d.end = limit, time.Now().Add(limit)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timer = time.AfterFunc(limit, func() { strike(context.DeadlineExceeded) })
	return ctx, func() { d.timer.Stop(); strike(nil) }
}

// answered says how long a request took, and how it ended where it got no answer.
func (d *deadline) answered(took time.Duration, err error) {
	if timedOut(err) {
		return
	}
	d.mu.Lock()
	d.slowest = max(d.slowest, took)
	d.mu.Unlock()
	d.putOff(took - prompt)
}

func (d *deadline) putOff(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	more := min(by, grace-d.late)
	if more <= 0 || d.timer == nil || !d.timer.Stop() { // it has struck
		return
	}
	d.late += more
	d.end = d.end.Add(more)
	d.timer.Reset(time.Until(d.end))
}

// timedOut says that whoever asked gave up waiting.
func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout() || errors.Is(err, context.Canceled)
}

// lateness is by how much it was put off so far.
func (d *deadline) lateness() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.late
}

// pace waits until the scenario's next request may leave.
func (s *S) pace(ctx context.Context) error {
	if s.session.Target.Pace == nil {
		return nil
	}
	start := time.Now()
	err := s.session.Target.Pace(ctx)
	s.deadline.putOff(time.Since(start))
	return err
}

// answered says how long a request of the scenario took, and how it ended where it
// got no answer.
func (s *S) answered(took time.Duration, err error) {
	s.deadline.answered(took, err)
	s.session.slowest.raise(Slowest(s))
}

// A longest is the longest of several durations. Its methods may be called
// concurrently.
type longest struct{ atomic.Int64 }

func (l *longest) raise(to time.Duration) {
	for was := l.Load(); was < int64(to) && !l.CompareAndSwap(was, int64(to)); was = l.Load() {
	}
}

// Slowest is the longest that an answer took which any scenario of the session has
// got so far.
func (ses *Session) Slowest() time.Duration { return time.Duration(ses.slowest.Load()) }

// Slowest is the longest that an answer took which the scenario has got so far: by
// so much what depends on when the server sees a request, or is done with one, has
// to give way.
func Slowest(s *S) time.Duration {
	s.deadline.mu.Lock()
	defer s.deadline.mu.Unlock()
	return s.deadline.slowest
}
