package kind

import (
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "disk.slow", Group: "disk",
	Says: "Every sync of a node takes longer.",
	Draw: func(r *rand.Rand) fault.Args {
		a := role(r)
		a.Delay = between(r, 5*time.Millisecond, time.Second)
		return a
	},
	Apply: diskOf(func(a fault.Args) fault.DiskTrouble { return fault.DiskTrouble{Slow: time.Duration(a.Delay)} }),
})
