package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "disk.full", Group: "disk",
	Says:  "There is no room on the disk of a node.",
	Draw:  role,
	Apply: diskOf(func(fault.Args) fault.DiskTrouble { return fault.DiskTrouble{Full: true} }),
})
