package kind

import (
	"context"
	"errors"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.reset", Group: "net", Brief: true,
	Says: "The connections over the edges of a grudge are reset.",
	Draw: grudge,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		network := s.Abilities().Network
		if network == nil {
			return nil, s.Unable("net")
		}
		edges, err := s.Cut(ctx, a)
		errs := []error{err}
		for _, e := range edges {
			errs = append(errs, network.Reset(ctx, e))
		}
		return nil, errors.Join(errs...)
	},
})
