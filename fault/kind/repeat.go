package kind

import (
	"context"
	"errors"
	"time"

	"bleepstore/fault"
)

// repeat does something and takes it back in turn, every period, until undone.
// The first time is done when it returns. What goes wrong on the way ends the
// repetition, and is an error of the first undo.
func repeat(ctx context.Context, period time.Duration, do func(context.Context) (fault.Undo, error)) (fault.Undo, error) {
	back, err := do(ctx)
	if err != nil {
		return back, err
	}
	going, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(max(period, time.Millisecond))
		defer tick.Stop()
		for err == nil {
			select {
			case <-going.Done():
				return
			case <-tick.C:
			}
			if back == nil {
				back, err = do(context.WithoutCancel(going))
			} else if err = back(context.WithoutCancel(going)); err == nil {
				back = nil
			}
		}
	}()
	return func(ctx context.Context) error {
		stop()
		<-ended
		failed := err
		err = nil // told once
		if back == nil {
			return failed
		}
		if e := back(ctx); e != nil {
			return errors.Join(failed, e)
		}
		back = nil
		return failed
	}, nil
}
