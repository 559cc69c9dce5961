package s3

import "slices"

// An Operation describes one row of the table to whoever documents the server.
type Operation struct {
	Name        string
	Method      string
	Path        string // "/", "/{Bucket}" or "/{Bucket}/{Key}"
	Query       string // the query parameter that selects it, "" for none
	Header      string // the header that selects it, "" for none
	Parameters  []string
	Implemented bool // false: answered 501 NotImplemented
	Unset       bool // always answers that nothing is configured, since nothing can be
}

// Operations describes the whole table, in its order.
func Operations() []Operation {
	var out []Operation
	paths := [levels]string{service: "/", bucketLevel: "/{Bucket}", keyLevel: "/{Bucket}/{Key}"}
	for _, op := range newTable() {
		out = append(out, Operation{
			Name: op.name, Method: op.method, Path: paths[op.level], Query: op.sub, Header: op.header,
			Parameters: slices.Clone(op.params), Implemented: op.serve != nil, Unset: op.unset,
		})
	}
	return out
}
