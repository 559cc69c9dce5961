package sim

import (
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"bleepstore/fault"
)

// Why a message did not arrive, or no answer came.
var (
	errRefused = errors.New("connection refused") // nobody listens: nothing has happened
	errReset   = errors.New("connection reset")
	errLost    = errors.New("no answer in time")
)

const (
	leastLatency = 500 * time.Microsecond
	mostLatency  = 2 * time.Millisecond
	// lifetime is for how long a message that cannot arrive is kept and sent
	// again, as TCP does: behind a cut that heals it arrives late.
	lifetime = 10 * time.Second
)

// A mesh carries messages between places: nodes and clients, by name. What
// becomes of a message is drawn from the seed, the way, the time and its size, so
// that it does not count which of two that leave together leaves first. Methods
// may be called together.
type mesh struct {
	seed uint64

	mu       sync.Mutex
	links    map[fault.Edge]*link
	places   map[string]*place
	messages int
	under    sync.WaitGroup // messages under way
	ballots  *ballots
}

// A place is where messages come from and go to.
type place struct {
	node  *node         // nil: a client
	up    bool          // it hears
	life  chan struct{} // closed when it dies; another one for the next life
	still chan struct{} // not nil: it stands still until that is closed
}

// A link is one direction between two places.
type link struct {
	seed    uint64
	trouble fault.NetTrouble
	changed chan struct{} // closed when trouble has changed, or all is reset
	resets  int
}

func newMesh(seed uint64) *mesh {
	return &mesh{seed: seed, links: map[fault.Edge]*link{}, places: map[string]*place{}, ballots: newBallots()}
}

// link is called with mu held.
func (m *mesh) link(e fault.Edge) *link {
	l := m.links[e]
	if l == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(e.From + ">" + e.To)) // it has no error
		l = &link{seed: m.seed ^ h.Sum64(), changed: make(chan struct{})}
		m.links[e] = l
	}
	return l
}

// place is called with mu held.
func (m *mesh) place(name string) *place {
	p := m.places[name]
	if p == nil {
		p = &place{life: make(chan struct{})}
		m.places[name] = p
	}
	return p
}

// join makes a place hear: a node, or with nil a client.
func (m *mesh) join(name string, n *node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.place(name)
	p.node, p.up = n, true
}

// leave ends what is on its way to and from a place, and refuses what comes.
func (m *mesh) leave(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.place(name)
	p.node, p.up = nil, false
	close(p.life)
	p.life = make(chan struct{})
}

// halt lets a place stand still, or go on.
func (m *mesh) halt(name string, still bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.place(name)
	switch {
	case still && p.still == nil:
		p.still = make(chan struct{})
	case !still && p.still != nil:
		close(p.still)
		p.still = nil
	}
}

// trouble sets what ails a link.
func (m *mesh) trouble(e fault.Edge, t fault.NetTrouble) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.link(e)
	l.trouble = t
	l.change()
}

// reset ends what is on its way over a link.
func (m *mesh) reset(e fault.Edge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.link(e)
	l.resets++
	l.change()
}

func (l *link) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// draw is what decides about a message of that size that leaves now.
func (l *link) draw(size int) *rand.Rand {
	return rand.New(rand.NewPCG(l.seed, uint64(time.Now().UnixNano())^uint64(size)<<40))
}

// latency is that of one message. Its nanoseconds keep apart what would else
// happen at the same time, in an order that no seed decides.
func latency(r *rand.Rand) time.Duration {
	return leastLatency + time.Duration(r.Int64N(int64(mostLatency-leastLatency)))
}
