package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.flap", Group: "partition",
	Says: "A node is cut off and let in again, over and over.",
	Draw: func(r *rand.Rand) fault.Args {
		return fault.Args{Grudge: "flapping", Delay: between(r, 50*time.Millisecond, 2*time.Second)}
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		edges, err := s.Cut(ctx, a)
		if err != nil {
			return nil, err
		}
		return repeat(ctx, time.Duration(a.Delay), func(ctx context.Context) (fault.Undo, error) {
			return s.Net(ctx, edges, fault.NetTrouble{Cut: true})
		})
	},
})
