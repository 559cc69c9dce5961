package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "disk.eio-sync", Group: "disk",
	Says:  "A share of the syncs of a node fails, and what they were to keep is forgotten.",
	Draw:  failing,
	Apply: diskOf(func(a fault.Args) fault.DiskTrouble { return fault.DiskTrouble{FailSync: a.Share} }),
})
