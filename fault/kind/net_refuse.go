package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "net.refuse", Group: "partition",
	Says:  "Connections over the edges of a grudge are refused; those that there are stall.",
	Draw:  grudge,
	Apply: edgesOf(func(fault.Args) fault.NetTrouble { return fault.NetTrouble{Refuse: true, Cut: true} }),
})
