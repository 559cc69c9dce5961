// Package generate makes histories that no server was needed for: closed-loop
// clients against a store in memory whose every operation takes effect at one
// point between its call and its return. Such a history is legal by
// construction, at every level, whatever a checker says of it. With a planted
// fault it is illegal by construction, and the generator can prove it from the
// order in which things really happened, which a checker never sees.
//
// It knows the vocabulary of histories and how S3 answers; it knows nothing of
// how histories are judged, so that no mistake can be in both.
package generate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bleepstore/conformance/history"
)

// Options say what to generate. The same options give the same history.
type Options struct {
	Seed  uint64
	Model string // as in history.Workload.Model
	// Ops is about how many operations are called before the final reads; 0 is
	// 200.
	Ops int
	// Keys is how many keys there are, rounded up to whole teams; 0 gives each
	// team about 200 operations. A team is the clients that share some keys.
	Keys    int
	Clients int // of a team, and so of a key at a time; 0 is 5
	// Unclear is the share of operations, from 0 to 1, whose answer never comes.
	Unclear float64
	// Twice is the share of writes that something on the way sends a second
	// time, with the second one recorded as an operation of its own.
	Twice float64
	// Opaque says that ETags are no digests of what was written, which no
	// document promises: a writer knows one only when it is told.
	Opaque bool
	// Removes says that clients of the model versions delete single versions,
	// which nothing can be planted in.
	Removes bool
	// Tick is how coarse the clock is; 0 is a nanosecond.
	Tick time.Duration
	// Slow is the share of operations that take about 30 times as long; 0 is
	// 0.03.
	Slow float64
	// Plant names a Kind of fault; "" is none.
	Plant string
}

// A Run is a generated history.
type Run struct {
	History *history.History
	// Planted is the fault that was planted. It is nil where the run gave no
	// occasion for one whose illegality is certain: it may then be legal.
	Planted *Planted
}

// A Planted tells of a fault in a history.
type Planted struct {
	Kind *Kind
	Key  string
	Ops  []int64 // numbers of the operations that contradict each other, the false one first
}

// New generates a history. It fails where there is no such model or kind, or
// where the kind cannot be planted in the model.
func New(o Options) (*Run, error) {
	w, ok := workloads[o.Model]
	if !ok {
		return nil, fmt.Errorf("there is no model %q", o.Model)
	}
	o.defaults(w)
	s := &sim{o: o, w: w, r: rand.New(rand.NewPCG(o.Seed, uint64(len(o.Model)))), store: newStore(w.versioned)}
	if o.Plant != "" {
		s.kind = FindKind(o.Plant)
		if s.kind == nil || o.Removes || !slices.Contains(s.kind.Models, o.Model) {
			return nil, fmt.Errorf("no fault %q can be planted in %s", o.Plant, o.Model)
		}
	}
	s.store.again, s.store.opaque = s.r.IntN(2) == 0, o.Opaque
	s.clears, s.shift = s.r.IntN(2) == 0, s.r.IntN(100)
	s.run()
	run := &Run{}
	if s.kind != nil {
		run.Planted = s.kind.plant(s)
	}
	run.History = s.history()
	return run, nil
}

func (o *Options) defaults(w *workload) {
	if o.Ops == 0 {
		o.Ops = 200
	}
	if o.Clients == 0 {
		o.Clients = 5
	}
	if o.Slow == 0 {
		o.Slow = 0.03
	}
	if o.Keys == 0 {
		o.Keys = w.enough(o)
	}
}

// Models returns the names of all models, in order.
func Models() []string {
	var names []string
	for name := range workloads {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// history returns what was recorded, as if read from a file.
func (s *sim) history() *history.History {
	h := &history.History{Header: history.Header{
		Schema:    history.Schema,
		Started:   time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Endpoints: []string{"http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"},
		Seed:      s.o.Seed,
	}}
	w := history.Workload{Name: s.o.Model, Rule: s.w.rule, Model: s.o.Model, Versioned: s.w.versioned && !s.o.Removes, Duration: time.Duration(s.now)}
	for _, t := range s.teams {
		if s.w.grouped {
			w.Groups = append(w.Groups, t.keys)
		}
		if s.w.lists {
			w.Keys = append(w.Keys, t.keys...)
		}
	}
	h.Workloads = []history.Workload{w}
	for _, c := range s.calls {
		h.Ops = append(h.Ops, c.op)
	}
	slices.SortFunc(h.Ops, func(a, b history.Op) int { return int(a.N - b.N) })
	return h
}
