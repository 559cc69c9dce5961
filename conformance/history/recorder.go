package history

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A Recorder gives out numbers, values and times, and keeps the operations of a
// run. Its methods may be called concurrently.
type Recorder struct {
	start     time.Time
	n         atomic.Int64
	values    atomic.Uint64
	processes atomic.Int64

	mu  sync.Mutex
	ops []Op
	to  *Writer // nil: kept in memory alone
	see func(*Op)
}

// NewRecorder returns a Recorder whose clock begins now. to, which may be nil,
// gets each operation as it ends.
func NewRecorder(to *Writer) *Recorder { return &Recorder{start: time.Now(), to: to} }

// Watch has see told of each operation as it is kept, by the goroutine of the
// client that made it. see must not block, and must not keep what it is given.
// Call Watch before the first operation.
func (r *Recorder) Watch(see func(*Op)) { r.see = see }

// Value returns a value that no other write has.
func (r *Recorder) Value() Value { return Value(r.values.Add(1)) }

// Process returns a number that no other process has.
func (r *Recorder) Process() int { return int(r.processes.Add(1)) }

// Number returns a number that no other operation has: for the further keys of a
// DeleteObjects, which share the times of the first.
func (r *Recorder) Number() int64 { return r.n.Add(1) }

// Begin numbers o and stamps its call; nothing of it may have left before.
func (r *Recorder) Begin(o *Op) {
	o.N = r.Number()
	o.Call = r.Now()
}

// Now is the run's clock: nanoseconds since its start, never going back.
func (r *Recorder) Now() int64 { return int64(time.Since(r.start)) }

// End stamps the return of o, which Begin has seen and whose Outcome is set, and
// keeps it. An unclear read is dropped: it carries nothing (R5). It returns the
// operation as it was kept.
func (r *Recorder) End(o *Op) Op {
	o.Return = r.Now()
	if o.Outcome == Unclear {
		if o.Kind.Reads() {
			return *o
		}
		o.Return = Never
	}
	r.Keep(*o)
	return *o
}

// Keep adds an operation whose times are set, such as one key of a
// DeleteObjects.
func (r *Recorder) Keep(o Op) {
	if err := o.validate(); err != nil {
		panic(fmt.Sprintf("history: %v", err)) // the recorder's user is wrong
	}
	r.mu.Lock()
	r.ops = append(r.ops, o)
	r.mu.Unlock()
	if r.to != nil {
		r.to.Add(o)
	}
	if r.see != nil {
		r.see(&o)
	}
}

// Take returns what was recorded since the last Take, and forgets it, so that a
// long run need not keep all of it.
func (r *Recorder) Take() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	ops := r.ops
	r.ops = nil
	return ops
}

// History returns what was recorded so far under the header h.
func (r *Recorder) History(h Header) (*History, error) {
	r.mu.Lock()
	ops := append([]Op(nil), r.ops...)
	r.mu.Unlock()
	return New(h, ops)
}
