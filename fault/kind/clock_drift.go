package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "clock.drift", Group: "clock",
	Says: "The clock of a node goes faster or slower than the others.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Share = []float64{0.1, 0.25, 0.5, 0.9, 1.1, 2, 4}[r.IntN(7)]
		return a
	},
	Apply: clockOf(func(a fault.Args) fault.ClockTrouble { return fault.ClockTrouble{Rate: a.Share} }),
})
