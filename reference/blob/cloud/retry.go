package cloud

import (
	"context"
	"errors"
	"time"
)

// The pause before attempt n is between a half and all of firstPause << n, at
// most lastPause.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 3 * time.Second
)

// errSlow ends what took too long.
var errSlow = errors.New("no answer in time")

// do calls fn, whose context ends after timeout, until it succeeds, fails for
// good, or has failed as often as the options allow. What it returns is the end
// of ctx, or the failure of the last attempt.
func (s *Store) do(ctx context.Context, timeout time.Duration, fn func(context.Context) error) error {
	return s.retry(ctx, func() error {
		ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlow)
		defer cancel()
		return fn(ctx)
	})
}

// retry is do for an fn that sees to its time itself.
func (s *Store) retry(ctx context.Context, fn func() error) error {
	for n := 1; ; n++ {
		err := fn()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if n >= s.opt.Attempts || !s.kind(err).again() {
			return s.failure(err)
		}
		if err := s.pause(ctx, n-1); err != nil {
			return err
		}
	}
}

// pause waits after n+1 failures.
func (s *Store) pause(ctx context.Context, n int) error {
	d := min(firstPause<<min(n, 10), lastPause)
	timer := time.NewTimer(d/2 + time.Duration(s.opt.Jitter()*float64(d/2)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// within calls fn, and ends it by cancel when it takes longer than limit.
func within(limit time.Duration, cancel context.CancelCauseFunc, fn func() error) error {
	timer := time.AfterFunc(limit, func() { cancel(errSlow) })
	defer timer.Stop()
	return fn()
}
