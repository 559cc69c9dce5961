package consistency

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// A holding is a key, or a few that belong together, while clients use it.
type holding struct {
	prefix string // of all its keys and of no other
	keys   []string
	wear   int // operations after which it is given up
	first  sync.Once

	mu      sync.Mutex
	ops     int
	open    int // writes whose outcome is unclear
	holders int
	late    []*upload // those of the races before, which have ended
}

// A pool hands out holdings, so that at most maxHolders clients have one at a
// time, and replaces those that are worn: the cost of judging a key grows with
// those who use it at once, and without bound with its open-ended writes.
type pool struct {
	w  *Workload
	mu sync.Mutex
	// inUse are those that can be taken, all of them those that were ever made.
	inUse, all []*holding
}

func newPool(w *Workload) *pool {
	p := &pool{w: w}
	for range w.Keys {
		p.inUse = append(p.inUse, p.fresh())
	}
	return p
}

// open makes a holding of one key that only the caller uses, or that bears any
// number of clients since they use it otherwise.
func (p *pool) open(prefix string) *holding {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := &holding{prefix: prefix, keys: []string{prefix}, wear: p.w.Wear}
	p.all = append(p.all, h)
	return h
}

// add adds a key to a holding.
func (p *pool) add(h *holding, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.keys = append(h.keys, key)
}

// fresh makes a new holding, whose keys nobody has used. The pool is locked, or
// nobody's yet.
func (p *pool) fresh() *holding {
	h := &holding{prefix: fmt.Sprintf("%s/%06d", p.w.Name, len(p.all)), wear: p.w.Wear}
	for i := range max(p.w.Group, 1) {
		key := h.prefix
		if p.w.Group > 0 {
			key = fmt.Sprintf("%s/%02d", h.prefix, i)
		}
		h.keys = append(h.keys, key)
	}
	p.all = append(p.all, h)
	return h
}

// take returns a holding that fewer than maxHolders clients have. There are
// always enough: see run.start.
func (p *pool) take(r *rand.Rand) *holding {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, tries := r.IntN(len(p.inUse)), 0; tries < len(p.inUse); at, tries = (at+1)%len(p.inUse), tries+1 {
		h := p.inUse[at]
		if h.worn() {
			h = p.fresh()
			p.inUse[at] = h
		}
		if h.holders < maxHolders {
			h.holders++
			return h
		}
	}
	panic("consistency: more clients than keys can bear")
}

// giveUp has all holdings replaced that there are.
func (p *pool) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.all {
		h.mu.Lock()
		h.wear = 0
		h.mu.Unlock()
	}
}

// leave gives a holding back.
func (p *pool) leave(h *holding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.holders--
}

// used counts an operation.
func (h *holding) used(unclear bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops++
	if unclear {
		h.open++
	}
}

// worn reports whether the holding must not be used any more. What its holders
// have under way and the last reads come on top, so it stops short of the bounds.
func (h *holding) worn() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops >= h.wear-4*maxHolders || h.open > maxOpen-maxHolders
}
