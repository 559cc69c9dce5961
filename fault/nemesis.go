package fault

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Nemesis does faults to a target, takes them back, and keeps a diary. Its
// methods may be called together.
type Nemesis struct {
	stage *Stage
	began time.Time

	mu    sync.Mutex
	undos map[int]Undo // of what is under way
	next  int
	diary Diary
}

// A Diary tells what was done to a cluster, and when, counted from New.
type Diary struct {
	Bands  []Band   `json:"bands"`
	Quorum []Health `json:"quorum"` // ascending; each holds until the next
}

// A Band is one fault from when it had been done until it had been taken back.
// Skipped says why it was not done at all, Failed what went wrong. On are the
// nodes and edges that it turned out to be done to, where the event left that
// open.
type Band struct {
	Event
	On      []string `json:"on,omitempty"`
	From    Span     `json:"from"`
	To      Span     `json:"to"` // 0 while it lasts
	Skipped string   `json:"skipped,omitempty"`
	Failed  string   `json:"failed,omitempty"`
}

// Health says whether a quorum of the nodes could do its work from a time on.
type Health struct {
	At Span `json:"at"`
	OK bool `json:"ok"`
}

// NewNemesis begins the diary. The caller calls Heal in the end, whatever
// happens.
func NewNemesis(t Target) *Nemesis {
	n := &Nemesis{stage: newStage(t), began: time.Now(), undos: map[int]Undo{}}
	n.stage.moved = n.look
	n.look()
	return n
}

func (n *Nemesis) now() Span { return Span(time.Since(n.began)) }

// look notes whether a quorum lives.
func (n *Nemesis) look() {
	ok := n.stage.quorum()
	n.mu.Lock()
	defer n.mu.Unlock()
	if q := n.diary.Quorum; len(q) == 0 || q[len(q)-1].OK != ok {
		n.diary.Quorum = append(q, Health{n.now(), ok})
	}
}

// Diary returns what was done so far.
func (n *Nemesis) Diary() Diary {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Diary{slices.Clone(n.diary.Bands), slices.Clone(n.diary.Quorum)}
}

// Apply does the fault of an event, whatever its times say. undo, never nil,
// takes it back; later calls of it do nothing. A *SkipError says that it could
// not be done and nothing was.
func (n *Nemesis) Apply(ctx context.Context, e Event) (undo Undo, err error) {
	k, ok := Find(e.Kind)
	if !ok {
		return nothing, fmt.Errorf("unknown kind of fault %q", e.Kind)
	}
	n.mu.Lock()
	band := len(n.diary.Bands)
	n.diary.Bands = append(n.diary.Bands, Band{Event: e, From: n.now()})
	n.mu.Unlock()
	back, err := apply(n.witness(ctx, band), k, n.stage, e.Args)
	n.mu.Lock()
	defer n.mu.Unlock()
	b := &n.diary.Bands[band]
	if skipped, ok := errors.AsType[*SkipError](err); ok {
		b.Skipped = skipped.Why
	} else if err != nil {
		err = fmt.Errorf("%s: %w", e.Kind, err)
		b.Failed = err.Error()
	}
	if back == nil {
		b.To = n.now()
		return nothing, err
	}
	n.next++
	id := n.next
	n.undos[id] = n.end(id, band, back)
	return n.undos[id], err
}

// apply does a fault. That one panics is an error: the others are still to be
// taken back.
func apply(ctx context.Context, k Kind, s *Stage, a Args) (undo Undo, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return k.Apply(ctx, s, a)
}

func nothing(context.Context) error { return nil }

// end returns what takes a fault back and closes its band. One call at a time
// does it, and none after one that did.
func (n *Nemesis) end(id, band int, back Undo) Undo {
	turn := make(chan struct{}, 1)
	done := false
	return func(ctx context.Context) error {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if done {
			return nil
		}
		err := back(ctx)
		_, skipped := errors.AsType[*SkipError](err)
		n.mu.Lock()
		defer n.mu.Unlock()
		b := &n.diary.Bands[band]
		if err != nil {
			err = fmt.Errorf("take back %s: %w", b.Kind, err)
			b.Failed = err.Error()
		}
		if done = err == nil || skipped; done {
			b.To = n.now()
			delete(n.undos, id)
		}
		return err
	}
}

// Heal takes back everything that is under way, the latest first, also what could
// not be taken back before. It does not end early: errors are joined. What it
// could not do it tries again when it is called again.
func (n *Nemesis) Heal(ctx context.Context) error {
	n.mu.Lock()
	undos := sortedByKey(n.undos)
	n.mu.Unlock()
	var errs []error
	for _, undo := range slices.Backward(undos) {
		err := undo(ctx)
		if _, skipped := errors.AsType[*SkipError](err); !skipped {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Play does what a schedule says, at its times, counted from now, and heals
// everything when it has been done or ctx has ended. Events overlap as they
// say: each is done by a goroutine of its own. It returns the failures that were
// no skips; healing may take up to patience behind the end.
func (n *Nemesis) Play(ctx context.Context, s Schedule, patience time.Duration) error {
	began := time.Now()
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	fail := func(err error) {
		if _, skipped := errors.AsType[*SkipError](err); err == nil || skipped || ctx.Err() != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	for _, e := range s.Events {
		all.Go(func() {
			if !sleepUntil(ctx, began.Add(time.Duration(e.At))) {
				return
			}
			undo, err := n.Apply(ctx, e)
			fail(err)
			if sleepUntil(ctx, began.Add(time.Duration(e.End()))) {
				_ = undo(ctx) // the diary has what went wrong, and Heal tries again
			}
		})
	}
	all.Wait()
	healing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(append(errs, n.Heal(healing))...)
}

func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
