package sim

import (
	"context"
	"time"

	"bleepstore/fault"
)

// A message says of a request what the network has to know.
type message struct {
	from, to string
	size     int  // in bytes, roughly
	twice    bool // it may arrive twice
}

// ask sends a request, which serve answers at the other node, and returns the
// answer; errLost when ctx ends before. What has arrived is served to its end,
// however the caller fares, unless the node dies; what was refused or reset
// comes back as such. The context of serve ends when its node dies.
func ask[T any](ctx context.Context, m *mesh, q message, serve func(context.Context, *node) (T, error)) (none T, _ error) {
	type answer struct {
		v   T
		err error
	}
	answers := make(chan answer, 1)
	there := m.depart(fault.Edge{From: q.from, To: q.to}, q.size, [2]<-chan struct{}{})
	m.under.Go(func() {
		n, err := there.sail()
		if err == errLost {
			return
		}
		if err == nil && n == nil { // it has died meanwhile
			err = errReset
		}
		if err != nil {
			answers <- answer{none, err}
			return
		}
		if q.twice && there.again > 0 {
			m.under.Go(func() {
				time.Sleep(there.again)
				_, _ = n.serve(ctx, func(ctx context.Context) error { _, err := serve(ctx, n); return err })
			})
		}
		var v T
		served, err := n.serve(ctx, func(ctx context.Context) (err error) { v, err = serve(ctx, n); return err })
		if !served {
			answers <- answer{none, errReset}
			return
		}
		back := m.depart(fault.Edge{From: q.to, To: q.from}, q.size, [2]<-chan struct{}{there.ends[1], there.ends[0]})
		switch _, lost := back.sail(); lost {
		case nil:
			answers <- answer{v, err}
		case errLost:
		default:
			answers <- answer{none, errReset}
		}
	})
	select {
	case a := <-answers:
		return a.v, a.err
	case <-there.ends[0]:
		return none, errReset
	case <-ctx.Done():
		return none, errLost
	}
}
