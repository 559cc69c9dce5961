package kind

import (
	"context"
	"errors"
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.crash-point", Group: "kill",
	Says: "A process ends itself at a named point of its code, and is started again.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Count = 1 + r.IntN(20)
		return a
	},
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		able := s.Abilities()
		if able.Crash == nil || a.Point == "" && len(able.Points) == 0 {
			return nil, s.Unable("kill")
		}
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		if a.Point == "" {
			a.Point = able.Points[a.Rand().IntN(len(able.Points))]
		}
		// It may end at any time from now on: who counts the nodes that run counts
		// it out.
		up, err := s.Down(ctx, node, func(ctx context.Context, node string) error {
			return able.Crash.CrashAt(ctx, node, a.Point, max(1, a.Count))
		})
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			return errors.Join(able.Crash.CrashAt(ctx, node, "", 0), up(ctx))
		}, nil
	},
})
