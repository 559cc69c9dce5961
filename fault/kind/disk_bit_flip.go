package kind

import "bleepstore/fault"

// It is rare since a database cannot know: SQLite keeps no checksums of its
// pages, and what a store of ours does about it concerns blobs alone.
var _ = fault.Add(fault.Kind{
	Name: "disk.bit-flip", Group: "disk", Rare: true,
	Says:  "A share of the reads of a node has one bit wrong.",
	Draw:  failing,
	Apply: diskOf(func(a fault.Args) fault.DiskTrouble { return fault.DiskTrouble{FlipOnRead: a.Share} }),
})
