package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports that Ports picks from lie below those that systems give to outgoing
// connections, so that none of these takes one meanwhile.
const firstPort, portRange = 20000, 12000

// Ports finds ports that can be listened on, each once, and holds them until
// Release. The zero value is ready; it is for one goroutine.
type Ports struct{ held []net.Listener }

// Take holds an address, unless that cannot be listened on.
func (p *Ports) Take(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	p.held = append(p.held, l)
	return true
}

// Pick holds the address that was had before, if it is free and of that host,
// else another.
func (p *Ports) Pick(host, before string) (string, error) {
	if h, _, err := net.SplitHostPort(before); err == nil && h == host && p.Take(before) {
		return before, nil
	}
	for range 200 {
		addr := net.JoinHostPort(host, strconv.Itoa(firstPort+rand.IntN(portRange)))
		if p.Take(addr) {
			return addr, nil
		}
	}
	return "", errors.New("no free port on " + host)
}

// Release lets go of what is held, for those to listen on whom it was picked for.
func (p *Ports) Release() {
	for _, l := range p.held {
		_ = l.Close()
	}
	p.held = nil
}
