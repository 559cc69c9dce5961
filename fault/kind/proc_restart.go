package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.restart", Group: "kill",
	Says: "A process is asked to leave, and started again.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return s.Down(ctx, node, s.Stop)
	},
})
