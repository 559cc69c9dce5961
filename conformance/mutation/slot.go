package mutation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// jobTime bounds one job: a server that hangs with a bug is left then, with its
	// worker.
	jobTime = 2 * time.Minute
	// baseTime bounds one without bugs, on a server that may be slow.
	baseTime = 15 * time.Minute
)

// A slot has one worker at a time, and another one when that is gone.
type slot struct {
	start  func() (Worker, error)
	worker Worker
}

// hold starts the worker where there is none.
func (s *slot) hold() (Worker, error) {
	if s.worker == nil {
		w, err := s.start()
		if err != nil {
			return nil, fmt.Errorf("start a worker: %w", err)
		}
		s.worker = w
	}
	return s.worker, nil
}

// do has the worker do a job.
func (s *slot) do(ctx context.Context, j Job) (*Outcome, error) {
	w, err := s.hold()
	if err != nil {
		return nil, err
	}
	most := jobTime
	if j.Mutant == "" {
		most = baseTime
	}
	bounded, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("did not end within %s", most))
	defer cancel()
	out, err := w.Do(bounded, j)
	if errors.Is(err, ErrWorker) {
		err = errors.Join(err, s.close())
	}
	return out, err
}

func (s *slot) close() error {
	if s.worker == nil {
		return nil
	}
	w := s.worker
	s.worker = nil
	return w.Close()
}

// A task is done in one slot.
type task func(ctx context.Context, s *slot)

// work has every slot do tasks until next returns nil, or ctx ends.
func work(ctx context.Context, slots []*slot, next func() task) {
	var wg sync.WaitGroup
	for _, s := range slots {
		wg.Go(func() {
			for ctx.Err() == nil {
				t := next()
				if t == nil {
					return
				}
				t(ctx, s)
			}
		})
	}
	wg.Wait()
}

// each makes a next of work of a list.
func each(tasks []task) func() task {
	var mu sync.Mutex
	return func() (t task) {
		mu.Lock()
		defer mu.Unlock()
		if len(tasks) > 0 {
			t, tasks = tasks[0], tasks[1:]
		}
		return t
	}
}
