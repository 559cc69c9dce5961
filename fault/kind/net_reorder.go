package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.reorder", Group: "net",
	Says: "A share of the messages over the edges of a grudge is overtaken by later ones.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Share = share(r, 0.05, 0.5)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Reorder: a.Share} }),
})
