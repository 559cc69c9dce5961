package main

import (
	"context"
	"net"
	"net/url"
	"slices"
)

// A roster has clients reach the members that there are by the addresses of
// those with which the run began: where a node has left, one that came serves
// its clients, or another that is there.
type roster struct {
	first []string               // host:port
	now   func() (urls []string) // of the members, in the order in which they came
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
}

func newRoster(now func() []string) *roster {
	return &roster{first: hostsOf(now()), now: now, dial: (&net.Dialer{}).DialContext}
}

func hostsOf(urls []string) (hosts []string) {
	for _, s := range urls {
		if u, err := url.Parse(s); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

// Dial connects to whoever serves the clients of an address now.
func (r *roster) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return r.dial(ctx, network, r.who(addr))
}

func (r *roster) who(addr string) string {
	there := hostsOf(r.now())
	if slices.Contains(there, addr) || len(there) == 0 {
		return addr
	}
	left := slices.DeleteFunc(slices.Clone(r.first), func(a string) bool { return slices.Contains(there, a) })
	came := slices.DeleteFunc(slices.Clone(there), func(a string) bool { return slices.Contains(r.first, a) })
	i := slices.Index(left, addr)
	if i < 0 {
		return addr // it is none of ours
	}
	if i < len(came) {
		return came[i]
	}
	return there[i%len(there)]
}
