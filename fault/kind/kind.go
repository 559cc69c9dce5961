// Package kind has the kinds of faults: one file each, and what they share here.
// It knows what each does, and nothing of who does it: that is the target's. It
// is imported for what it registers.
package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

// roles are drawn when a fault may hit anybody: leaders are what matters most.
func role(r *rand.Rand) fault.Args {
	return fault.Args{Node: []string{"leader", "leader", "follower", "any"}[r.IntN(4)]}
}

// between draws a duration, short ones more often.
func between(r *rand.Rand, least, most time.Duration) fault.Span {
	d := least + time.Duration(r.Float64()*r.Float64()*float64(most-least))
	return fault.Span(d.Truncate(time.Millisecond))
}

// share draws how much is concerned, in hundredths.
func share(r *rand.Rand, least, most float64) float64 {
	return float64(int((least+r.Float64()*(most-least))*100)) / 100
}

// grudges are drawn for whatever is done to edges.
func grudge(r *rand.Rand) fault.Args {
	names := []string{"one", "leader", "minority", "majority", "bridge", "majorities-ring", "one-way-in", "one-way-out", "follower-pair"}
	return fault.Args{Grudge: names[r.IntN(len(names))]}
}

// diskOf is a fault of one node's disk. A process may end for it: it is started
// again when the disk is well.
func diskOf(t func(a fault.Args) fault.DiskTrouble) func(context.Context, *fault.Stage, fault.Args) (fault.Undo, error) {
	return func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		well, err := s.Disk(ctx, node, t(a))
		if well == nil {
			return nil, err
		}
		revive := func(ctx context.Context) error { return s.Revive(ctx, node) }
		return func(ctx context.Context) error { return joined(ctx, well, revive) }, err
	}
}

// failing draws what share of a disk's operations fails: few, or all.
func failing(r *rand.Rand) fault.Args {
	a := role(r)
	a.Share = 1
	if r.IntN(3) > 0 {
		a.Share = share(r, 0.01, 0.2)
	}
	return a
}

// edgesOf is a fault of the edges that a grudge names.
func edgesOf(t func(a fault.Args) fault.NetTrouble) func(context.Context, *fault.Stage, fault.Args) (fault.Undo, error) {
	return func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		edges, err := s.Cut(ctx, a)
		if err != nil {
			return nil, err
		}
		return s.Net(ctx, edges, t(a))
	}
}
