package kind

import (
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.latency", Group: "net",
	Says: "What goes over the edges of a grudge arrives late.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Delay = between(r, 5*time.Millisecond, 800*time.Millisecond)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Latency: time.Duration(a.Delay)} }),
})
