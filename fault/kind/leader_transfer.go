package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "leader.transfer", Group: "membership", Brief: true,
	Says: "The leadership is handed to another node.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		members := s.Abilities().Members
		if members == nil {
			return nil, s.Unable("membership")
		}
		a.Node = "follower"
		to, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		if err := members.Transfer(ctx, to); err != nil { // nobody may be there to do it
			return nil, &fault.SkipError{Why: err.Error()}
		}
		return nil, nil
	},
})
