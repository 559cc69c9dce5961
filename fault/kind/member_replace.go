package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "member.replace", Group: "membership", Brief: true,
	Says: "A new node joins the cluster, and an old one leaves it for good.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		old, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		if _, err := s.Join(ctx); err != nil {
			return nil, err
		}
		return nil, s.Leave(ctx, old)
	},
})
