package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "disk.eio-write", Group: "disk",
	Says:  "A share of the writes of a node fails.",
	Draw:  failing,
	Apply: diskOf(func(a fault.Args) fault.DiskTrouble { return fault.DiskTrouble{FailWrite: a.Share} }),
})
