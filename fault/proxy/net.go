package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"bleepstore/fault"
)

// A Net is a network between the nodes of one process. The zero value is not
// usable: see New. All methods may be called together.
//
// What is sent over a link that is cut stalls and is lost by nobody, as TCP
// sends it again: data, the end of a stream, and the opening of a connection
// alike. Only about 200 KiB are taken from a sender meanwhile.
type Net struct {
	wires    *wires
	trouble  map[fault.Edge]fault.NetTrouble // this and the next by the lock of wires
	isolated map[string]bool
}

// New returns a network without faults. Whoever made it closes it.
func New() *Net {
	n := &Net{}
	n.wires = newWires(0, n.ails) // nothing that a Net does is drawn
	n.reset()
	return n
}

func (n *Net) reset() {
	n.trouble, n.isolated = map[fault.Edge]fault.NetTrouble{}, map[string]bool{}
}

// ails is what ails an edge.
func (n *Net) ails(e fault.Edge) fault.NetTrouble {
	t := n.trouble[e]
	t.Cut = t.Cut || e.From != e.To && (n.isolated[e.From] || n.isolated[e.To])
	return t
}

// worsen adds a trouble to edges.
func (n *Net) worsen(t fault.NetTrouble, edges ...fault.Edge) {
	n.wires.change(func() {
		for _, e := range edges {
			n.trouble[e] = n.trouble[e].Join(t)
		}
	})
}

// dialled is the dialler's end.
type dialled struct {
	*net.TCPConn
	remote net.Addr
}

// RemoteAddr implements net.Conn.
func (d *dialled) RemoteAddr() net.Addr { return d.remote }

// Dialer returns how the node from reaches another one, to, that listens at the
// TCP address addr. A dial over a link that is cut, either way, waits until ctx
// ends. The connection's deadlines work whatever is cut; its addresses are not
// those that the other side sees.
func (n *Net) Dialer(from string) func(ctx context.Context, to, addr string) (net.Conn, error) {
	return func(ctx context.Context, to, addr string) (net.Conn, error) {
		e := fault.Edge{From: from, To: to}
		if _, err := n.wires.open(ctx, e, now); err != nil {
			return nil, fmt.Errorf("%s to %s: %w", from, to, &net.OpError{Op: "dial", Net: "tcp", Err: cause(ctx, err)})
		}
		far, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		near, conn, err := pair(ctx)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", to, joinClose(err, far))
		}
		l := newLink(n.wires, e, near, far.(*net.TCPConn))
		if !n.wires.start(l, l.run) {
			l.end(false)
			return nil, fmt.Errorf("dial %s: %w", to, joinClose(net.ErrClosed, conn))
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

// pair returns two ends of a connection of this process to itself.
func pair(ctx context.Context) (a, b *net.TCPConn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	out, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	for { // whoever else has come is sent away
		in, err := l.Accept()
		if err != nil {
			return nil, nil, joinClose(err, out)
		}
		if in.RemoteAddr().String() != out.LocalAddr().String() {
			in.Close()
			continue
		}
		a, b = in.(*net.TCPConn), out.(*net.TCPConn)
		return a, b, errors.Join(narrow(a), narrow(b))
	}
}

func joinClose(err error, cs ...io.Closer) error {
	for _, c := range cs {
		err = errors.Join(err, c.Close())
	}
	return err
}
