package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "snapshot.lag", Group: "snapshot",
	Says: "A follower is cut off while the others snapshot their state and cut their logs, over and over: it has to be sent an image.",
	Draw: func(r *rand.Rand) fault.Args {
		return fault.Args{Node: "follower", Delay: between(r, 200*time.Millisecond, 2*time.Second)}
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		if s.Abilities().Snapshot == nil {
			return nil, s.Unable("snapshot")
		}
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		heal, err := s.Net(ctx, s.Around(node), fault.NetTrouble{Cut: true})
		if err != nil {
			return heal, err
		}
		stop, err := repeat(ctx, time.Duration(a.Delay), func(ctx context.Context) (fault.Undo, error) {
			for _, other := range s.Nodes() {
				if other != node {
					_ = snapshot(ctx, s, other) // who does not run has none
				}
			}
			return nil, nil
		})
		if stop == nil {
			return heal, err
		}
		return func(ctx context.Context) error { return joined(ctx, stop, heal) }, nil
	},
})
