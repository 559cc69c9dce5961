package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "snapshot.take", Group: "snapshot", Brief: true,
	Says: "A node snapshots its state and cuts its log.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return nil, snapshot(ctx, s, node)
	},
})

// snapshot has one node do it. That one could not, as it does not run, is no
// failure.
func snapshot(ctx context.Context, s *fault.Stage, node string) error {
	taker := s.Abilities().Snapshot
	if taker == nil {
		return s.Unable("snapshot")
	}
	if err := taker.Snapshot(ctx, node); err != nil {
		return &fault.SkipError{Why: err.Error()}
	}
	return nil
}
