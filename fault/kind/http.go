package kind

import (
	"context"
	"math/rand/v2"

	"bleepstore/fault"
)

// some draws what share of the requests suffers.
func some(r *rand.Rand) fault.Args { return fault.Args{Share: share(r, 0.01, 0.3)} }

// someAt draws that, and after how many bytes a connection ends.
func someAt(r *rand.Rand) fault.Args {
	a := some(r)
	a.Bytes = 1 + r.Int64N(1<<r.IntN(17))
	return a
}

// requestsOf is a fault of a share of the requests to all nodes.
func requestsOf(t func(a fault.Args) fault.HTTPTrouble) func(context.Context, *fault.Stage, fault.Args) (fault.Undo, error) {
	return func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		trouble := t(a)
		trouble.Share = a.Share
		return s.HTTP(ctx, s.Nodes(), trouble)
	}
}
