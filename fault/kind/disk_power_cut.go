package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "disk.power-cut", Group: "disk",
	Says: "A node loses its power: what it has not synced is gone when it starts again.",
	Draw: role,
	Apply: func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return powerless(ctx, s, node)
	},
})

func powerless(ctx context.Context, s *fault.Stage, node string) (fault.Undo, error) {
	disk := s.Abilities().Disk
	if disk == nil {
		return nil, s.Unable("disk")
	}
	return s.Down(ctx, node, disk.PowerCut)
}
