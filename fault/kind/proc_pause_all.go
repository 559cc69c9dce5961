package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.pause-all", Group: "pause",
	Says: "All processes stand still, one after the other, and go on in the reverse order.",
	Apply: func(ctx context.Context, s *fault.Stage, _ fault.Args) (fault.Undo, error) {
		return all(ctx, s.Nodes(), s.Pause)
	},
})
