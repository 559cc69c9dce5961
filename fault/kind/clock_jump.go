package kind

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

// clockOf is a fault of one node's clock.
func clockOf(t func(a fault.Args) fault.ClockTrouble) func(context.Context, *fault.Stage, fault.Args) (fault.Undo, error) {
	return func(ctx context.Context, s *fault.Stage, a fault.Args) (fault.Undo, error) {
		node, err := s.Node(ctx, a)
		if err != nil {
			return nil, err
		}
		return s.Clock(ctx, node, t(a))
	}
}

var _ = fault.Add(fault.Kind{
	Name: "clock.jump", Group: "clock",
	Says: "The clock of a node is set to another time, and back.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Delay = between(r, time.Second, 10*time.Minute) // signatures may be a quarter of an hour off
		if r.IntN(2) == 0 {
			a.Delay = -a.Delay
		}
		return a
	},
	Apply: clockOf(func(a fault.Args) fault.ClockTrouble { return fault.ClockTrouble{Offset: time.Duration(a.Delay)} }),
})
