package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

// Static returns addresses that are known beforehand.
func Static(addrs []string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return addrs, nil }
}

// DNS returns every address that the names, each host:port, have at the time of
// the call, sorted. A name that has none is left out; the error is that of names
// of which none has any. lookup is a resolver's LookupHost; nil is the system's.
func DNS(names []string, lookup func(ctx context.Context, host string) ([]string, error)) func(context.Context) ([]string, error) {
	if lookup == nil {
		lookup = net.DefaultResolver.LookupHost
	}
	return func(ctx context.Context) (addrs []string, err error) {
		var errs []error
		for _, name := range names {
			host, port, err := net.SplitHostPort(name)
			if err != nil {
				return nil, fmt.Errorf("discover nodes: %w", err)
			}
			hosts, err := lookup(ctx, host)
			if err != nil {
				errs = append(errs, err)
			}
			for _, h := range hosts {
				addrs = append(addrs, net.JoinHostPort(h, port))
			}
		}
		slices.Sort(addrs)
		if addrs = slices.Compact(addrs); len(addrs) > 0 {
			return addrs, nil
		}
		return nil, fmt.Errorf("discover nodes: no name has an address: %w", errors.Join(errs...))
	}
}
