package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "member.remove", Group: "membership",
	Says: "A node leaves the cluster, and later another one takes its place.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		if err := s.Leave(ctx, node); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			_, err := s.Join(ctx)
			return err
		}, nil
	},
})
