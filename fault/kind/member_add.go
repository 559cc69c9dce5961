package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "member.add", Group: "membership",
	Says: "A node joins the cluster, and leaves it again.",
	Apply: func(ctx context.Context, s *fault.Stage, _ fault.Args) (fault.Undo, error) {
		node, err := s.Join(ctx)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error { return s.Leave(ctx, node) }, nil
	},
})
