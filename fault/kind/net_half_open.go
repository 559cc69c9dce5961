package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.half-open", Group: "partition",
	Says:  "Connections over the edges of a grudge are accepted, and what is sent over them is swallowed.",
	Draw:  grudge,
	Apply: edgesOf(func(fault.Args) fault.NetTrouble { return fault.NetTrouble{HalfOpen: true} }),
})
