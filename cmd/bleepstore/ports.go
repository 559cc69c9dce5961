package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports that a picker picks from lie below those that systems give to
// outgoing connections, so that none of these takes one meanwhile.
const firstPort, portRange = 20000, 12000

// A picker finds ports that can be listened on, each once, and holds them
// until done.
type picker struct{ held []net.Listener }

// take holds an address, unless that cannot be listened on.
func (p *picker) take(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	p.held = append(p.held, l)
	return true
}

// pick holds the address that was had before, if it is free and of that host,
// else another.
func (p *picker) pick(host, before string) (string, error) {
	if h, _, err := net.SplitHostPort(before); err == nil && h == host && p.take(before) {
		return before, nil
	}
	for range 200 {
		addr := net.JoinHostPort(host, strconv.Itoa(firstPort+rand.IntN(portRange)))
		if p.take(addr) {
			return addr, nil
		}
	}
	return "", errors.New("no free port on " + host)
}

// done lets go of what is held, for those to listen on whom it was picked for.
func (p *picker) done() {
	for _, l := range p.held {
		_ = l.Close()
	}
}
