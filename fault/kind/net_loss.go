package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.loss", Group: "net",
	Says: "A share of what goes over the edges of a grudge is lost, or comes late where it is sent again.",
	Draw: func(r *rand.Rand) fault.Args {
		a := grudge(r)
		a.Share = share(r, 0.02, 0.4)
		return a
	},
	Apply: edgesOf(func(a fault.Args) fault.NetTrouble { return fault.NetTrouble{Loss: a.Share} }),
})
