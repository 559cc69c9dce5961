package simnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"bleepstore/fault"
)

const (
	firstPort = 40000
	// patience is how long a dial goes on that nobody answers, as Linux has it.
	patience = 127 * time.Second
)

// Dial connects a node to an address. It takes a round trip; while an edge is
// cut, either way, or the node is paused, it waits. Errors are *net.OpError as
// those of net.Dialer: nobody listens, refused, ctx has ended.
func (n *Net) Dial(ctx context.Context, from, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, os.NewSyscallError("connect", syscall.ETIMEDOUT))
	defer cancel()
	c, err := n.dial(ctx, from, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: addr(address), Err: err}
	}
	return c, nil
}

func (n *Net) dial(ctx context.Context, from, address string) (*conn, error) {
	node, err := nodeOf(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	there, back := n.link(fault.Edge{From: from, To: node}), n.link(fault.Edge{From: node, To: from})
	draws := there.draws(n.seed)
	n.mu.Unlock()
	for {
		if err := n.await(ctx, func() bool { return !there.holds() && !back.trouble.Cut }); err != nil {
			return nil, err
		}
		n.mu.Lock()
		now := time.Now()
		trip := there.arrival(now, now, 0, draws).Sub(now)
		trip = back.arrival(now.Add(trip), now.Add(trip), 0, draws).Sub(now)
		n.mu.Unlock()
		if err := sleep(ctx, trip); err != nil {
			return nil, err
		}
		if c, err := n.arrive(there, back, address); c != nil || err != nil {
			return c, err
		}
	}
}

// arrive makes the connection; nil without an error: try again.
func (n *Net) arrive(there, back *link, address string) (*conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[address]
	switch {
	case there.holds() || back.trouble.Cut:
		return nil, nil
	case there.trouble.HalfOpen: // somebody accepts, and that is all
	case there.trouble.Refuse || l == nil:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case len(l.queue) >= backlog:
		return nil, nil
	}
	there.from.ports++
	c, other := n.connect(there, back, addr(fmt.Sprintf("%s:%d", there.edge.From, firstPort+there.from.ports)), addr(address))
	if there.trouble.HalfOpen {
		c.out.swallowed = true
		return c, nil
	}
	l.queue = append(l.queue, other)
	l.acceptor.poke()
	return c, nil
}

// await returns when ok says so. ok is called with n.mu held.
func (n *Net) await(ctx context.Context, ok func() bool) error {
	for {
		n.mu.Lock()
		good, ended, changed := ok(), n.ended, n.changed
		n.mu.Unlock()
		switch {
		case ended:
			return errEnded
		case good:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return givenUp(ctx)
		}
	}
}

// sleep waits, but not beyond ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return givenUp(ctx)
	}
}

// givenUp is why a dial was given up, as package net says it.
func givenUp(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return os.ErrDeadlineExceeded
}
