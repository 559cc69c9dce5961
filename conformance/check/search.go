package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// A task is a partition whose linearizability is to be searched: operations that
// no other ones bear upon.
type task struct {
	w    *work
	name string
	size int // about how many operations it has
	// levels are what is asked, descending, and parts make the operations and the
	// model of each. A history that one level allows is allowed by those below.
	levels []model.Level
	parts  []func() part
	// singles make the keys of a group, each by itself.
	singles []func() part

	broke    model.Level // the lowest level that was found broken; 0: none
	wrong    part        // as that level judges it
	unsettle model.Level // the lowest level that was not settled; 0: none
	took     time.Duration
}

// A part is the operations of a partition as one level judges them.
type part struct {
	model model.Model
	ops   []*history.Op
	group []string              // the keys, where there are several
	stack bool                  // the model is one of versions
	seen  map[int64]*history.Op // by the number of a write, the read that tells that it had ended
}

// An outcome is how a search ended.
type outcome int

const (
	legal outcome = iota
	illegal
	open // the time, or the memory it may take, came to its end
)

// stateBytes is how much memory the states that one search has visited may take.
const stateBytes = 160 << 20

// linearizable searches for an order of ops that m allows and that keeps what
// ended before another began before it. It runs on the caller's goroutine until
// it is done, out of memory, or ctx ends: porcupine visits no state that the
// step function, which counts them, did not allow.
func linearizable(ctx context.Context, m model.Model, ops []*history.Op) outcome {
	budget := stateBytes / (len(ops)/8 + 160)
	steps, states, stopped := 0, 0, false
	pm := porcupine.Model{
		Init: func() any { return m.Init },
		Step: func(s, in, _ any) (bool, any) {
			if steps++; steps&0x3ff == 0 && ctx.Err() != nil {
				stopped = true
			}
			if stopped {
				return false, s // unwinds the search
			}
			next, ok := m.Step(s, in.(*history.Op))
			if ok {
				states++
				stopped = states > budget
			}
			return ok, next
		},
		Equal: m.Equal,
		Hash:  m.Hash,
	}
	ok := porcupine.CheckOperations(pm, operations(ops))
	switch {
	case stopped:
		return open
	case ok:
		return legal
	}
	return illegal
}

// operations are ops as porcupine takes them.
func operations(ops []*history.Op) []porcupine.Operation {
	out := make([]porcupine.Operation, len(ops))
	for i, op := range ops {
		out[i] = porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: op.Return}
	}
	return out
}

// judge searches a part, at first without the unclear writes that nobody was
// seen to have read: what is legal without them is legal with them, since each
// can come last (R2). What is illegal without them proves nothing, a 404 or a
// 412 being all that some writes leave (R3), and is searched again with those
// that the keys of a group need, each by itself, and then whole.
func (p *part) judge(ctx context.Context, singles []func() part) outcome {
	if ctx.Err() != nil {
		return open
	}
	definite := p.with(nil)
	if len(definite) < len(p.ops) {
		if linearizable(ctx, p.model, definite) == legal {
			return legal
		}
		needed := map[int64]*history.Op{}
		for _, single := range singles {
			s := single()
			s.need(ctx, needed)
		}
		if len(needed) > 0 && linearizable(ctx, p.model, p.with(needed)) == legal {
			return legal
		}
	}
	if two := p.pair(ctx); two != nil {
		*p = *two
		return illegal
	}
	return linearizable(ctx, p.model, p.ops)
}

// with is the operations of p without the unclear ones, but for those to keep.
func (p *part) with(keep map[int64]*history.Op) []*history.Op {
	out := make([]*history.Op, 0, len(p.ops))
	for _, op := range p.ops {
		if op.Outcome == history.Unclear {
			op = keep[op.N]
		}
		if op != nil {
			out = append(out, op)
		}
	}
	return out
}

// need adds to needed a few unclear operations with which p is legal, if it is,
// each confined to the time in which an order that explains p has it: what is
// legal with an effect at some time is legal with one at any.
func (p *part) need(ctx context.Context, needed map[int64]*history.Op) {
	keep := map[int64]*history.Op{}
	for _, op := range p.ops {
		if op.Outcome == history.Unclear {
			keep[op.N] = op
		}
	}
	for _, op := range p.ops {
		if keep[op.N] != nil {
			delete(keep, op.N)
			if linearizable(ctx, p.model, p.with(keep)) != legal {
				keep[op.N] = op
			}
		}
	}
	if len(keep) == 0 || linearizable(ctx, p.model, p.with(keep)) != legal {
		return
	}
	order := explained(p.model, p.with(keep))
	for i, op := range order {
		if keep[op.N] == nil || op.Outcome != history.Unclear || i+1 == len(order) {
			continue
		}
		confined := *op
		for _, before := range order[:i] {
			confined.Call = max(confined.Call, before.Call)
		}
		for _, after := range order[i+1:] {
			confined.Return = min(confined.Return, after.Return)
		}
		needed[op.N] = &confined
	}
}

// explained is an order of ops, which are linearizable, that explains them.
func explained(m model.Model, ops []*history.Op) []*history.Op {
	pm := porcupine.Model{
		Init: func() any { return m.Init },
		Step: func(s, in, _ any) (bool, any) {
			next, ok := m.Step(s, in.(*history.Op))
			return ok, next
		},
		Equal: m.Equal,
		Hash:  m.Hash,
	}
	_, info := porcupine.CheckOperationsVerbose(pm, operations(ops), 0)
	var order []*history.Op
	for _, o := range info.PartialLinearizationsOperations()[0][0] {
		order = append(order, o.Input.(*history.Op))
	}
	return order
}

// search runs the tasks of all works, the smallest first, until ctx ends.
func search(ctx context.Context, works []*work, workers int) {
	var tasks []*task
	for _, w := range works {
		w.partition()
		tasks = append(tasks, w.tasks...)
	}
	slices.SortStableFunc(tasks, func(a, b *task) int { return cmp.Compare(a.size, b.size) })
	next := make(chan *task)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for t := range next {
				began := time.Now()
				t.run(ctx)
				t.took = time.Since(began)
			}
		})
	}
	for _, t := range tasks {
		next <- t
	}
	close(next)
	wg.Wait()
	for _, w := range works {
		w.collect(ctx)
	}
}

// run goes down the levels to the first that allows the partition. The lowest
// one that does not is what the partition breaks.
func (t *task) run(ctx context.Context) {
	for i, l := range t.levels {
		p := t.parts[i]()
		switch p.judge(ctx, t.singles) {
		case legal:
			return
		case illegal:
			t.broke, t.wrong, t.unsettle = l, p, 0
		case open:
			t.unsettle = l
		}
	}
}

// collect takes over what the tasks found, the smallest failing ones first.
func (w *work) collect(ctx context.Context) {
	unsettled := map[model.Level]int{}
	slices.SortStableFunc(w.tasks, func(a, b *task) int { return cmp.Compare(a.size, b.size) })
	for _, t := range w.tasks {
		w.out.Took += t.took
		if t.broke != 0 {
			var ops []*history.Op
			kind := "search " + t.broke.String()
			if w.times[kind] < perKind {
				ops = w.originals(shrink(ctx, &t.wrong))
			}
			w.find(t.broke, place{key: t.name}, kind, tellSearch(t.name, t.broke, ops), ops...)
		}
		if t.unsettle != 0 {
			unsettled[t.unsettle]++
			if w.unsettled == 0 || t.unsettle < w.unsettled {
				w.unsettled = t.unsettle
			}
		}
	}
	for _, l := range w.ladder {
		if n := unsettled[l]; n > 0 {
			w.unknown = append(w.unknown, fmt.Sprintf("the search for %s did not end for %d of %d keys", l, n, len(w.tasks)))
		}
	}
}

// originals are ops as they were recorded.
func (w *work) originals(ops []*history.Op) []*history.Op {
	var out []*history.Op
	for _, op := range ops {
		i := slices.IndexFunc(w.ops, func(o *history.Op) bool { return o.N == op.N })
		if o := w.ops[i]; !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}
