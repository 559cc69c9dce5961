package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"bleepstore/fault"
)

// Trouble implements fault.Network: packets of the edge are dropped as they
// arrive, so that everything of TCP that goes that way is concerned, the answers
// in connections that the other side has opened too. What the kernel cannot do is
// an error, and changes nothing.
func (l *Lab) Trouble(_ context.Context, e fault.Edge, t fault.NetTrouble) error {
	if what := missing(t); what != "" {
		return &fault.SkipError{Why: what}
	}
	l.setting.Lock() // the rules that are made last are set last
	defer l.setting.Unlock()
	l.mu.Lock()
	if l.nodes[e.From] == nil || l.nodes[e.To] == nil {
		l.mu.Unlock()
		return fmt.Errorf("trouble %s to %s: not both are nodes of the lab", e.From, e.To)
	}
	if t == (fault.NetTrouble{}) {
		delete(l.troubles, e)
	} else {
		l.troubles[e] = t
	}
	from := map[string]rules{}
	for edge, t := range l.troubles {
		if edge.To == e.To {
			from[edge.From] = rules{cut: t.Cut, hollow: t.HalfOpen, refuse: t.Refuse, loss: t.Loss}
		}
	}
	l.mu.Unlock()
	return errors.Join(l.filter(e.To, from), l.carry(e, t))
}

// missing names what nothing here can do.
func missing(t fault.NetTrouble) string {
	if t.Slice != 0 {
		return "net: how much arrives at a time is the affair of the kernel's TCP"
	}
	return ""
}

// carry begins, changes or ends the relaying of an edge; setting is held.
func (l *Lab) carry(e fault.Edge, t fault.NetTrouble) error {
	r := l.relays[e]
	switch {
	case !byRelay(t) && r == nil:
		return nil
	case !byRelay(t):
		return l.endRelays(func(o fault.Edge) bool { return o == e })
	case r != nil:
		r.ail(t)
		return nil
	}
	r, err := l.relay(e)
	if err != nil {
		return unavailable("relay packets", err)
	}
	r.ail(t)
	l.relays[e] = r
	return l.divert()
}

func (l *Lab) relay(e fault.Edge) (*relay, error) {
	from, err := l.node(e.From)
	if err != nil {
		return nil, err
	}
	to, err := l.node(e.To)
	if err != nil {
		return nil, err
	}
	in, err := netlink.LinkByName(from.port)
	if err != nil {
		return nil, err
	}
	out, err := netlink.LinkByName(to.port)
	if err != nil {
		return nil, err
	}
	return newRelay(in.Attrs().Index, out.Attrs().Index, to.addr, l.seed)
}

// Link takes a node's link down, or up again: it reaches nobody, this process
// neither.
func (l *Lab) Link(_ context.Context, name string, up bool) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	port, err := netlink.LinkByName(n.port)
	if err != nil {
		return err
	}
	if !up {
		return netlink.LinkSetDown(port)
	}
	if err := netlink.LinkSetUp(port); err != nil {
		return err
	}
	return forwards(port)
}

// Reset implements fault.Network: the connections that e.From has opened to e.To
// are destroyed in the kernel of both; a reset goes out to the other side as far
// as the edge lets it.
func (l *Lab) Reset(_ context.Context, e fault.Edge) error {
	from, err := l.node(e.From)
	if err != nil {
		return err
	}
	to, err := l.node(e.To)
	if err != nil {
		return err
	}
	return from.space.do(func() error {
		open, listening, err := sockets()
		if err != nil {
			return unavailable("list sockets", err)
		}
		for _, s := range open {
			if !s.Destination.Equal(to.addr.AsSlice()) || slices.Contains(listening, s.SourcePort) {
				continue
			}
			local := &net.TCPAddr{IP: from.addr.AsSlice(), Port: int(s.SourcePort)}
			remote := &net.TCPAddr{IP: to.addr.AsSlice(), Port: int(s.DestinationPort)}
			if err := netlink.SocketDestroy(local, remote); err != nil && !errors.Is(err, unix.ENOENT) { // it has ended by itself
				return unavailable("destroy a socket", err)
			}
		}
		return nil
	})
}

// sockets are those of the TCP connections of a namespace, and the ports at which
// somebody listens.
func sockets() (open []netlink.SocketID, listening []uint16, err error) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		all, err := netlink.SocketDiagTCP(family)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range all {
			if s.State == netlink.TCP_LISTEN {
				listening = append(listening, s.ID.SourcePort)
			} else {
				open = append(open, s.ID)
			}
		}
	}
	return open, listening, nil
}

var _ fault.Network = (*Lab)(nil)
