package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "disk.eio-read", Group: "disk",
	Says:  "A share of the reads of a node fails.",
	Draw:  failing,
	Apply: diskOf(func(a fault.Args) fault.DiskTrouble { return fault.DiskTrouble{FailRead: a.Share} }),
})
