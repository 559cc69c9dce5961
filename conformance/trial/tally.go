package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"bleepstore/conformance/history"
)

// A Tally counts the operations that were begun after a moment.
type Tally struct {
	// First is how long after that moment the first of them had succeeded, and
	// FirstWrite the first that changed something; 0: none has yet.
	First, FirstWrite time.Duration
	OK                map[string]int // that have succeeded, by workload
	At                map[int]int    // that have succeeded, by endpoint
	Refused           int            // that were refused
	Unclear           int            // writes whose outcome is not known
}

// Total is how many have succeeded.
func (t Tally) Total() (n int) {
	for _, ok := range t.OK {
		n += ok
	}
	return n
}

func newTally() Tally { return Tally{OK: map[string]int{}, At: map[int]int{}} }

// Mark begins a new tally: of what is begun from now on.
func (l *Load) Mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark, l.tally = l.rec.Now(), newTally()
}

// Tally returns the counts since the last Mark.
func (l *Load) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	t.OK, t.At = maps.Clone(t.OK), maps.Clone(t.At)
	return t
}

// Now is the time by the clock of the operations.
func (l *Load) Now() int64 { return l.rec.Now() }

// see counts an operation.
func (l *Load) see(op *history.Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if op.Call < l.mark {
		return
	}
	t := &l.tally
	switch op.Outcome {
	case history.OK:
		t.OK[op.Workload]++
		t.At[op.Endpoint]++
		took := time.Duration(op.Return - l.mark)
		first(&t.First, took)
		if !op.Kind.Reads() {
			first(&t.FirstWrite, took)
		}
	case history.Refused:
		t.Refused++
	case history.Unclear:
		t.Unclear++
	}
}

// first keeps the smaller, which is never 0.
func first(at *time.Duration, d time.Duration) {
	if *at == 0 || d < *at {
		*at = max(d, 1)
	}
}

// Await waits until the tally is as wanted. It fails when ctx ends, or a
// workload does.
func (l *Load) Await(ctx context.Context, what string, ok func(Tally) bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok(l.Tally()) {
		select {
		case <-ctx.Done():
			t := l.Tally()
			return fmt.Errorf("%s: %w; by workload %v, by endpoint %v have succeeded, %d were refused, %d writes are unclear", what, context.Cause(ctx), t.OK, t.At, t.Refused, t.Unclear)
		case <-tick.C:
		}
		for _, w := range l.works {
			select {
			case <-w.ended:
				return fmt.Errorf("%s: workload %s has ended: %v", what, w.Name, w.err)
			default:
			}
		}
	}
	return nil
}

// Begun waits until every workload has had a success, or has ended without. That
// none has had any, and that ctx ends first, is an error.
func (l *Load) Begun(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		t, waits := l.Tally(), false
		var errs []error
		for _, w := range l.works {
			select {
			case <-w.ended:
				errs = append(errs, fmt.Errorf("workload %s has ended: %w", w.Name, w.err))
			default:
				waits = waits || t.OK[w.Name] == 0
			}
		}
		switch {
		case !waits && t.Total() == 0:
			return errors.Join(errs...)
		case !waits:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; by workload %v have succeeded", context.Cause(ctx), t.OK)
		case <-tick.C:
		}
	}
}

// Each says whether n operations of every workload have succeeded.
func (l *Load) Each(t Tally, n int) bool {
	for _, w := range l.works {
		if t.OK[w.Name] < n {
			return false
		}
	}
	return true
}

// Everywhere says whether n operations have succeeded at every endpoint.
func (l *Load) Everywhere(t Tally, n int) bool {
	for i := range l.o.Endpoints {
		if t.At[i] < n {
			return false
		}
	}
	return true
}
