package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.crash-loop", Group: "kill",
	Says: "One process is killed again and again, also while it starts.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Delay = between(r, 20*time.Millisecond, time.Second)
		return a
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return repeat(ctx, time.Duration(a.Delay), func(ctx context.Context) (fault.Undo, error) {
			return s.Down(ctx, node, s.Kill)
		})
	},
})
