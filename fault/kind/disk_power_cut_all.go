package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "disk.power-cut-all", Group: "disk",
	Says: "All nodes lose their power, one right after the other.",
	Apply: func(ctx context.Context, s *fault.Stage, _ fault.Args) (fault.Undo, error) {
		return all(ctx, s.Nodes(), func(ctx context.Context, node string) (fault.Undo, error) { return powerless(ctx, s, node) })
	},
})
