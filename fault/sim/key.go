package sim

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// A holding is a key, or a few that belong together, while clients use it: at
// most holders of them at a time, until it is worn.
type holding struct {
	keys   []string
	prefix string
	mu     sync.Mutex
	ops    int
	open   int // writes whose outcome is unclear
	users  int
}

// Bounds of what the checker has to search at a time.
const (
	mostUsers = 4
	mostOps   = 400
	mostOpen  = 6
)

func (h *holding) used(unclear bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops++
	if unclear {
		h.open++
	}
}

func (h *holding) worn() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops >= mostOps || h.open >= mostOpen
}

// A pool hands out holdings of one workload, and makes new ones in the place of
// those that are worn.
type pool struct {
	name  string
	group int // keys of a holding
	mu    sync.Mutex
	live  []*holding
	all   []*holding
}

func newPool(name string, live, group int) *pool {
	p := &pool{name: name, group: group}
	for range live {
		p.live = append(p.live, p.open())
	}
	return p
}

// open is called with mu held, or by nobody else yet.
func (p *pool) open() *holding {
	h := &holding{prefix: fmt.Sprintf("%s-%03d", p.name, len(p.all)+1)}
	for i := range p.group {
		h.keys = append(h.keys, fmt.Sprintf("%s/%c", h.prefix, 'a'+i))
	}
	p.all = append(p.all, h)
	return h
}

// take returns a holding that is neither worn nor used by too many.
func (p *pool) take(r *rand.Rand) *holding {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := r.IntN(len(p.live))
	for i := range p.live {
		n := (at + i) % len(p.live)
		h := p.live[n]
		if h.worn() {
			h = p.open()
			p.live[n] = h
		}
		if h.users < mostUsers {
			h.users++
			return h
		}
	}
	h := p.open()
	h.users++
	p.live = append(p.live, h)
	return h
}

func (p *pool) leave(h *holding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.users--
}

// used are the holdings of which there is anything to be read.
func (p *pool) used() (used []*holding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.all {
		h.mu.Lock()
		if h.ops > 0 {
			used = append(used, h)
		}
		h.mu.Unlock()
	}
	return used
}
