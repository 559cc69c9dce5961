package kind

import (
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "http.delay", Group: "http",
	Says: "A request reaches the server late.",
	Draw: func(r *rand.Rand) fault.Args {
		a := some(r)
		a.Delay = between(r, 10*time.Millisecond, 3*time.Second)
		return a
	},
	Apply: requestsOf(func(a fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{Delay: time.Duration(a.Delay)} }),
})
