package kind

import (
	"context"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "proc.kill-all", Group: "kill",
	Says: "All processes are killed, and started again.",
	Apply: func(ctx context.Context, s *fault.Stage, _ fault.Args) (fault.Undo, error) {
		return all(ctx, s.Nodes(), func(ctx context.Context, node string) (fault.Undo, error) {
			return s.Down(ctx, node, s.Kill)
		})
	},
})
