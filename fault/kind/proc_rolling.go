package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.rolling", Group: "kill",
	Says: "One process after the other is killed and started again, as when a cluster is upgraded in a hurry.",
	Draw: func(r *rand.Rand) fault.Args {
		return fault.Args{Delay: between(r, 200*time.Millisecond, 3*time.Second)}
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		next := -1
		return repeat(ctx, time.Duration(a.Delay), func(ctx context.Context) (fault.Undo, error) {
			nodes := s.Nodes()
			next++
			return s.Down(ctx, nodes[next%len(nodes)], s.Kill)
		})
	},
})
