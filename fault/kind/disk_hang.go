package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "disk.hang", Group: "disk",
	Says:  "No write and no sync of a node ends until the fault does.",
	Draw:  role,
	Apply: diskOf(func(fault.Args) fault.DiskTrouble { return fault.DiskTrouble{Hang: true} }),
})
