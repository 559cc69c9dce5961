package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "http.cut-answer", Group: "http",
	Says:  "The connection of a request ends in the middle of the answer.",
	Draw:  someAt,
	Apply: requestsOf(func(a fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{CutAnswer: a.Bytes} }),
})
