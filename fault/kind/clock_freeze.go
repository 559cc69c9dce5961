package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "clock.freeze", Group: "clock",
	Says:  "The clock of a node stands still.",
	Draw:  role,
	Apply: clockOf(func(fault.Args) fault.ClockTrouble { return fault.ClockTrouble{Frozen: true} }),
})
