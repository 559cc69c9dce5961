// Package proxy is the network between the nodes of one process, for tests:
// connections over real TCP whose every direction can be cut, slowed, reset and
// healed at any time, also while bytes are on their way. It knows nothing of
// what the bytes mean, and nothing of who the nodes are but their names.
package proxy

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Net is a network. The zero value is not usable: see New. All methods may be
// called together.
//
// What is sent over a link that is cut stalls and is lost by nobody, as TCP
// sends it again: data, the end of a stream, and the opening of a connection
// alike. Only about 200 KiB are taken from a sender meanwhile.
type Net struct {
	mu       sync.Mutex
	cut      map[direction]bool
	delay    map[direction]time.Duration
	refused  map[direction]bool // both directions of a pair
	isolated map[string]bool
	changed  chan struct{} // closed, and replaced, when any of these changes
	links    map[*link]struct{}
	closed   bool
	wg       sync.WaitGroup // of the links' goroutines
}

// A direction is one way between two nodes.
type direction struct{ from, to string }

func (d direction) back() direction { return direction{d.to, d.from} }

// New returns a network without faults. Whoever made it closes it.
func New() *Net {
	n := &Net{changed: make(chan struct{}), links: map[*link]struct{}{}}
	n.reset()
	return n
}

func (n *Net) reset() {
	n.cut, n.delay = map[direction]bool{}, map[direction]time.Duration{}
	n.refused, n.isolated = map[direction]bool{}, map[string]bool{}
}

// Dialer returns how the node from reaches another one, to, that listens at the
// TCP address addr. A dial over a link that is cut, either way, waits until ctx
// ends. The connection's deadlines work whatever is cut; its addresses are not
// those that the other side sees.
func (n *Net) Dialer(from string) func(ctx context.Context, to, addr string) (net.Conn, error) {
	return func(ctx context.Context, to, addr string) (net.Conn, error) {
		d := direction{from, to}
		for _, way := range []direction{d, d.back()} { // as SYN and its answer go
			if err := n.pass(way, time.Now(), ctx.Done()); err != nil {
				return nil, fmt.Errorf("%s to %s: %w", from, to, &net.OpError{Op: "dial", Net: "tcp", Err: cause(ctx, err)})
			}
		}
		far, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		near, conn, err := pair(ctx)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", to, joinClose(err, far))
		}
		if !n.start(&link{net: n, dir: d, near: near, far: far.(*net.TCPConn), dead: make(chan struct{})}) {
			return nil, fmt.Errorf("dial %s: %w", to, joinClose(net.ErrClosed, far, near, conn))
		}
		return &dialled{conn, far.RemoteAddr()}, nil
	}
}

// cause is what a dialler is told when it has waited in vain.
func cause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if ctx.Err() == context.DeadlineExceeded {
		return os.ErrDeadlineExceeded
	}
	return context.Cause(ctx)
}

// pass returns nil once what was sent at that time arrives. It returns early
// when stop is closed (errStopped), the network is (net.ErrClosed), or the pair
// is refused (ECONNREFUSED).
func (n *Net) pass(d direction, sent time.Time, stop <-chan struct{}) error {
	for {
		n.mu.Lock()
		changed, err := n.changed, n.refusal(d)
		blocked := n.cut[d] || d.from != d.to && (n.isolated[d.from] || n.isolated[d.to])
		left := time.Until(sent.Add(n.delay[d]))
		n.mu.Unlock()
		if err != nil || !blocked && left <= 0 {
			return err
		}
		var due <-chan time.Time
		var timer *time.Timer
		if !blocked {
			timer = time.NewTimer(left)
			due = timer.C
		}
		stopped := false
		select {
		case <-changed:
		case <-due:
		case <-stop:
			stopped = true
		}
		if timer != nil {
			timer.Stop()
		}
		if stopped {
			return errStopped
		}
	}
}

// refusal is why nothing goes that way at all; the lock is held.
func (n *Net) refusal(d direction) error {
	switch {
	case n.closed:
		return net.ErrClosed
	case n.refused[d]:
		return syscall.ECONNREFUSED
	}
	return nil
}

// change applies a fault and wakes who waits.
func (n *Net) change(fn func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fn()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Cut lets nothing through from one node to another; the other way stays as it is.
func (n *Net) Cut(from, to string) {
	n.change(func() { n.cut[direction{from, to}] = true })
}

// Isolate cuts a node off from all others, both ways.
func (n *Net) Isolate(node string) {
	n.change(func() { n.isolated[node] = true })
}

// Split cuts, both ways, what goes from a node of one group to one of another.
func (n *Net) Split(groups ...[]string) {
	n.change(func() {
		for i, group := range groups {
			for _, other := range groups[i+1:] {
				for _, a := range group {
					for _, b := range other {
						n.cut[direction{a, b}], n.cut[direction{b, a}] = true, true
					}
				}
			}
		}
	})
}

// Slow lets what goes from one node to another arrive d later than it was sent.
func (n *Net) Slow(from, to string, d time.Duration) {
	n.change(func() { n.delay[direction{from, to}] = d })
}

// Reset ends every connection between two nodes as a reset does, and refuses
// new ones until Heal.
func (n *Net) Reset(a, b string) {
	n.change(func() { n.refused[direction{a, b}], n.refused[direction{b, a}] = true, true })
	n.kill(func(d direction) bool { return d == direction{a, b} || d == direction{b, a} })
}

// Kill resets every connection of a node, also where a link is cut, as the end
// of its process would sooner or later. New ones are the node's own affair.
func (n *Net) Kill(node string) {
	n.kill(func(d direction) bool { return d.from == node || d.to == node })
}

// Heal takes back every fault: what stalls goes on.
func (n *Net) Heal() { n.change(n.reset) }

// Close resets every connection and lets no new one be made. It returns when
// nothing of the network runs any more.
func (n *Net) Close() {
	n.change(func() { n.closed = true })
	n.kill(func(direction) bool { return true })
	n.wg.Wait()
}
