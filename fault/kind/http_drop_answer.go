package kind

import (
	"bleepstore/fault"
)

var _ = fault.Add(fault.Kind{
	Name: "http.drop-answer", Group: "http",
	Says:  "The server does what is asked, and the client never hears of it.",
	Draw:  some,
	Apply: requestsOf(func(_ fault.Args) fault.HTTPTrouble { return fault.HTTPTrouble{DropAnswer: true} }),
})
