package replica

import (
	"context"
	"slices"
	"sync"

	"bleepstore/reference/blob"
)

// running knows what is at work on which id, so that a Delete can end it: a
// copy that comes into being behind its deletion would have to be swept. The
// zero value is ready, and all methods may be called together.
type running struct {
	mu    sync.Mutex
	tasks map[blob.ID][]*task
}

type task struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// begin registers work on id that cancel ends; end is called when it is over.
func (r *running) begin(id blob.ID, cancel context.CancelFunc) (end func()) {
	t := &task{cancel: cancel, done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tasks == nil {
		r.tasks = map[blob.ID][]*task{}
	}
	r.tasks[id] = append(slices.Clip(r.tasks[id]), t)
	return func() { r.end(id, t) }
}

func (r *running) end(id blob.ID, t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.tasks[id][:0:0]
	for _, o := range r.tasks[id] {
		if o != t {
			left = append(left, o)
		}
	}
	if r.tasks[id] = left; len(left) == 0 {
		delete(r.tasks, id)
	}
	close(t.done)
}

// stop cancels all work on id and waits for its end, until ctx ends.
func (r *running) stop(ctx context.Context, id blob.ID) {
	for _, t := range r.of(id) {
		t.cancel()
	}
	r.wait(ctx, id)
}

// wait returns when what is at work on id has ended, or ctx has.
func (r *running) wait(ctx context.Context, id blob.ID) {
	for _, t := range r.of(id) {
		select {
		case <-t.done:
		case <-ctx.Done():
			return
		}
	}
}

// of returns a slice that is never changed.
func (r *running) of(id blob.ID) []*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tasks[id]
}
