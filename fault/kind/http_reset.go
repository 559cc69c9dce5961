package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "http.reset", Group: "http",
	Says:  "The connection of a request is reset before the server sees anything.",
	Draw:  some,
	Apply: requestsOf(func(_ fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{Reset: true} }),
})
