package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "net.cut", Group: "partition",
	Says:  "Nothing arrives over the edges of a grudge; senders wait.",
	Draw:  grudge,
	Apply: edgesOf(func(fault.Args) fault.NetTrouble { return fault.NetTrouble{Cut: true} }),
})
