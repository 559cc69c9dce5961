package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.bandwidth", Group: "net",
	Says: "The edges of a grudge carry only so many bytes a second.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Bytes = 4 << 10 << r.IntN(9)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Bandwidth: a.Bytes} }),
})
