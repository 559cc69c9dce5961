package kind

import (
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.jitter", Group: "net",
	Says: "What goes over the edges of a grudge arrives now earlier, now later.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Delay = between(r, 10*time.Millisecond, 500*time.Millisecond)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Jitter: time.Duration(a.Delay)} }),
})
