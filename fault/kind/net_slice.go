package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.slice", Group: "net",
	Says: "What goes over the edges of a grudge arrives in pieces of a few bytes.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Bytes = 1 << r.IntN(10)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Slice: int(a.Bytes)} }),
})
