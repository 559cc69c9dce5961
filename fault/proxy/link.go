package proxy

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"bleepstore/fault"
)

// Bounds of what a link holds back, besides the kernel's buffers.
const (
	chunkSize   = 16 << 10
	chunks      = 4
	kernelBytes = 64 << 10
)

// A link is one connection: what the dialler has is tied to near, and far is
// tied to the other node, or nil where nobody there knows of it. A goroutine
// reads each, another one writes what it read to the other.
type link struct {
	wires *wires
	edge  fault.Edge    // from the dialler to the other
	dice  [2]*rand.Rand // of the edge, and of the way back

	alive context.Context // until end
	die   context.CancelFunc
	mu    sync.Mutex
	dead  bool
	near  *net.TCPConn
	far   *net.TCPConn
}

// A chunk is what was read at one time; err comes with no data.
type chunk struct {
	parcel
	data []byte
	err  error
}

func newLink(w *wires, e fault.Edge, near, far *net.TCPConn) *link {
	l := &link{wires: w, edge: e, near: near, far: far}
	l.alive, l.die = context.WithCancel(context.Background())
	return l
}

// narrow bounds what the kernel takes from a sender that is not heard.
func narrow(c *net.TCPConn) error {
	return errors.Join(c.SetReadBuffer(kernelBytes), c.SetWriteBuffer(kernelBytes))
}

// attach says to whom the dialler has come; false where it has gone, and far
// closed.
func (l *link) attach(far *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		_ = far.Close() // nothing was sent
		return false
	}
	l.far = far
	return true
}

// end closes both ends; reset says that the peers are to notice.
func (l *link) end(reset bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return
	}
	l.dead = true
	l.die()
	for _, c := range []*net.TCPConn{l.near, l.far} {
		if c == nil {
			continue
		}
		if reset {
			_ = c.SetLinger(0) // closing then sends RST; on failure FIN, which ends it too
		}
		_ = c.Close() // its other end is told in either case
	}
}

// run carries bytes both ways until both streams have ended, or the link is
// reset.
func (l *link) run() { l.carryAll(l.reading(l.near, l.dice[0], nil)) }

// carryAll is run where what near gives is being read already.
func (l *link) carryAll(there <-chan chunk) {
	var ways sync.WaitGroup
	ways.Go(func() { l.carry(l.edge, there, l.far) })
	if l.far != nil {
		from := l.reading(l.far, l.dice[1], nil)
		ways.Go(func() { l.carry(back(l.edge), from, l.near) })
	}
	ways.Wait()
}

// reading queues what src gives until it ends, or the link does. The last chunk
// has the error, of which ended, which may be nil, is told first.
func (l *link) reading(src io.Reader, dice *rand.Rand, ended func(error)) <-chan chunk {
	queue := make(chan chunk, chunks)
	l.wires.wg.Go(func() { // the link's own goroutine is still counted
		for {
			buf := make([]byte, chunkSize)
			n, err := src.Read(buf)
			if err != nil && ended != nil {
				ended(err)
			}
			for _, c := range []chunk{{data: buf[:n]}, {err: err}} {
				if len(c.data) == 0 && c.err == nil {
					continue
				}
				c.parcel = newParcel(dice)
				select {
				case queue <- c:
				case <-l.alive.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	return queue
}

// carry brings what was read to dst, each chunk when the network lets it pass.
// A stream of which anything was swallowed is of no more use: no byte that
// comes after it would be in its place.
func (l *link) carry(e fault.Edge, queue <-chan chunk, dst *net.TCPConn) {
	spoilt := dst == nil
	for {
		var healed <-chan struct{}
		if spoilt {
			still, changed := l.wires.swallows(e)
			if !still {
				l.end(true)
				return
			}
			healed = changed
		}
		select {
		case c := <-queue:
			t, err := l.wires.pass(l.alive, e, c.parcel)
			if err != nil {
				l.end(true)
				return
			}
			if spoilt = spoilt || t.HalfOpen; spoilt {
				continue
			}
			if !l.deliver(e, c, dst) {
				return
			}
		case <-healed:
		case <-l.alive.Done():
			return
		}
	}
}

// deliver gives dst what has arrived; false when the stream has ended.
func (l *link) deliver(e fault.Edge, c chunk, dst *net.TCPConn) bool {
	if c.err == io.EOF && dst.CloseWrite() == nil {
		return false
	}
	if c.err != nil {
		l.end(true)
		return false
	}
	err := l.send(e, c, dst)
	if err != nil {
		// dst's node has ended the connection, which src's learns by the way back.
		_, _ = l.wires.pass(l.alive, back(e), now()) // it ends in either case
		l.end(true)
	}
	return err == nil
}

// send writes a chunk in as many pieces, and as slowly, as the edge wants.
func (l *link) send(e fault.Edge, c chunk, dst *net.TCPConn) error {
	for rest := c.data; len(rest) > 0; {
		t, err := l.wires.pass(l.alive, e, c.parcel)
		if err != nil {
			return err
		}
		turn := l.wires.allot(e, len(rest), t)
		if !turn.when.IsZero() && !wait(l.alive, time.Until(turn.when), turn.changed) {
			return context.Cause(l.alive)
		}
		if _, err := dst.Write(rest[:turn.bytes]); err != nil {
			return err
		}
		rest = rest[turn.bytes:]
	}
	return nil
}
