package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.stutter", Group: "pause",
	Says: "A process stands still and goes on, over and over.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Delay = between(r, 10*time.Millisecond, 1500*time.Millisecond)
		return a
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return repeat(ctx, time.Duration(a.Delay), func(ctx context.Context) (fault.Undo, error) {
			return s.Pause(ctx, node)
		})
	},
})
