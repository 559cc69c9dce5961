package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "http.duplicate", Group: "http",
	Says:  "The server is sent a request twice.",
	Draw:  some,
	Apply: requestsOf(func(_ fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{Duplicate: true} }),
})
