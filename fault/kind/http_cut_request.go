package kind

import "bleepstore/fault"

var _ = fault.Add(fault.Kind{
	Name: "http.cut-request", Group: "http",
	Says:  "The connection of a request ends in the middle of its body.",
	Draw:  someAt,
	Apply: requestsOf(func(a fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{CutRequest: a.Bytes} }),
})
