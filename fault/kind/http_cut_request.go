package kind

import (
	"math/rand/v2"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "http.cut-request", Group: "http",
	Says: "The connection of a request ends in the middle of its body.",
	Draw: func(r *rand.Rand) fault.Args {
		a := some(r)
		a.Bytes = 1 + r.Int64N(1<<r.IntN(17))
		return a
	},
	Apply: requestsOf(func(a fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{CutRequest: a.Bytes} }),
})
