package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// address tells where a node listens: where the book says, else where it may be
// besides, else what raft said last. Of several that of the first is told at which
// the node was not missed; when it was missed everywhere, all are tried anew.
func (p *Port) address(node string) (string, error) {
	p.mu.Lock()
	book, learned := p.book, p.learned[node]
	p.mu.Unlock()
	var all []string
	for _, look := range []func(string) (string, bool){book, p.elsewhere} {
		if look == nil {
			continue
		}
		if addr, ok := look(node); ok {
			all = append(all, addr)
		}
	}
	if learned != "" {
		all = append(all, learned)
	}
	if len(all) == 0 {
		return "", fmt.Errorf("%w: %q", ErrUnknownNode, node)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, addr := range all {
		if !p.missed[peerAt{node, addr}] {
			return addr, nil
		}
	}
	for _, addr := range all {
		delete(p.missed, peerAt{node, addr})
	}
	return all[0], nil
}

// tried takes note of whether a node was found at an address. That the caller no
// longer waited says nothing.
func (p *Port) tried(to peerAt, err error) {
	if to.node == "" || errors.Is(err, context.Canceled) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.missed, to)
	} else {
		p.missed[to] = true
	}
}

// learn keeps an address that raft passes along with a node's id.
func (p *Port) learn(node, addr string) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learned[node] = addr
}
