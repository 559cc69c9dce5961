package proxy

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"bleepstore/fault"
)

// Wires are connections whose every direction is an edge, and what ails the
// edges: what Net and Edges have in common. All methods may be called together.
type wires struct {
	seed uint64

	mu      sync.Mutex
	ails    func(fault.Edge) fault.NetTrouble // called with the lock held
	changed chan struct{}                     // closed, and replaced, when what it tells changes
	links   map[*link]struct{}
	made    map[fault.Edge]uint64    // how many connections went over an edge
	free    map[fault.Edge]time.Time // when one of limited bandwidth may send again
	closed  bool
	wg      sync.WaitGroup // of the links' goroutines
}

func newWires(seed uint64, ails func(fault.Edge) fault.NetTrouble) *wires {
	return &wires{
		seed: seed, ails: ails, changed: make(chan struct{}), links: map[*link]struct{}{},
		made: map[fault.Edge]uint64{}, free: map[fault.Edge]time.Time{},
	}
}

func back(e fault.Edge) fault.Edge { return fault.Edge{From: e.To, To: e.From} }

// change applies a fault and wakes who waits.
func (w *wires) change(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
	clear(w.free)
	close(w.changed)
	w.changed = make(chan struct{})
}

// start makes l part of the network and has run carry it; false when that is
// closed, or the pair of nodes refused.
func (w *wires) start(l *link, run func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.ails(l.edge).Refuse {
		return false
	}
	w.links[l] = struct{}{}
	w.assign(l, l.edge)
	w.wg.Go(func() {
		run()
		l.end(false)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.links, l)
	})
	return true
}

// assign says over which edge l goes, and with what luck; the lock is held.
func (w *wires) assign(l *link, e fault.Edge) {
	l.edge = e
	for i, way := range []fault.Edge{e, back(e)} {
		w.made[way]++
		l.dice[i] = rand.New(rand.NewPCG(w.seed, mix(way.From, way.To, w.made[way])))
	}
}

// mix makes one number of a connection's edge and its place among those of it.
func mix(from, to string, n uint64) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(from + "\x00" + to) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h ^ n<<32
}

// kill resets the links of which which is true.
func (w *wires) kill(which func(fault.Edge) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.links {
		if which(l.edge) {
			l.end(true)
		}
	}
}

// close resets every link, lets no new one be made, and returns when none runs
// any more.
func (w *wires) close() {
	w.change(func() { w.closed = true })
	w.kill(func(fault.Edge) bool { return true })
	w.wg.Wait()
}

// A parcel is what is sent at one time: it has its luck from the beginning,
// whatever becomes of the edge meanwhile.
type parcel struct {
	sent         time.Time
	jitter, loss float64 // uniform in [0, 1)
}

func newParcel(r *rand.Rand) parcel { return parcel{time.Now(), r.Float64(), r.Float64()} }

// now is a parcel without any luck.
func now() parcel { return parcel{sent: time.Now(), loss: 1} }

// firstRetry is how long TCP waits before it sends again what was lost; the
// wait doubles each time. mostRetries keeps an edge that loses all from being a
// cut one.
const (
	firstRetry  = 200 * time.Millisecond
	mostRetries = 5
)

// due is when the parcel arrives over an edge with trouble t.
func (p parcel) due(t fault.NetTrouble) time.Time {
	late := t.Latency + time.Duration(p.jitter*float64(t.Jitter))
	if t.Loss > 0 && p.loss < t.Loss {
		times := mostRetries
		if t.Loss < 1 { // of n losses in a row the chance is Loss to the n
			times = int(min(mostRetries, math.Log(p.loss)/math.Log(t.Loss)))
		}
		late += firstRetry<<times - firstRetry
	}
	return p.sent.Add(late)
}

// pass returns once the parcel has arrived, and what then ails the edge: only
// HalfOpen, Refuse, Bandwidth and Slice are left to heed. It returns early when
// stop ends, or the network is closed (net.ErrClosed).
func (w *wires) pass(stop context.Context, e fault.Edge, p parcel) (fault.NetTrouble, error) {
	for {
		w.mu.Lock()
		changed, closed, t := w.changed, w.closed, w.ails(e)
		w.mu.Unlock()
		if closed {
			return t, net.ErrClosed
		}
		left := time.Until(p.due(t))
		if !t.Cut && left <= 0 {
			return t, nil
		}
		if t.Cut {
			left = math.MaxInt64
		}
		if !wait(stop, left, changed) {
			return t, context.Cause(stop)
		}
	}
}

// open returns when a connection over e may be made, which takes both ways, as
// SYN and its answer do, each with a parcel that draw makes. A refusal is
// ECONNREFUSED; swallowed says that whoever accepts is nobody.
func (w *wires) open(stop context.Context, e fault.Edge, draw func() parcel) (swallowed bool, err error) {
	for _, way := range []fault.Edge{e, back(e)} {
		t, err := w.pass(stop, way, draw())
		if err != nil || way == e && t.HalfOpen {
			return true, err
		}
		if way == e && t.Refuse {
			return true, syscall.ECONNREFUSED
		}
	}
	return false, nil
}

// wait returns after d, or when changed is closed; false when stop ends first.
func wait(stop context.Context, d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-stop.Done():
		return false
	}
	return true
}

// turn is some bytes' turn on an edge: they arrive at when, or as soon as changed
// is closed.
type turn struct {
	bytes   int
	when    time.Time // zero: at once
	changed <-chan struct{}
}

// allot gives some of n bytes their turn on an edge that sends so much at a
// time.
func (w *wires) allot(e fault.Edge, n int, t fault.NetTrouble) turn {
	if t.Slice > 0 {
		n = min(n, t.Slice)
	}
	if t.Bandwidth <= 0 {
		return turn{bytes: n}
	}
	n = max(1, min(n, int(t.Bandwidth/20))) // short turns: connections share the edge
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.free[e]
	if now := time.Now(); from.Before(now) {
		from = now
	}
	w.free[e] = from.Add(time.Duration(float64(n) / float64(t.Bandwidth) * float64(time.Second)))
	return turn{n, w.free[e], w.changed}
}

// swallows says whether what is sent over e is swallowed, until changed is
// closed.
func (w *wires) swallows(e fault.Edge) (yes bool, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ails(e).HalfOpen, w.changed
}
