// Package s3 is the HTTP edge of the server: it turns requests into calls of
// the domain and results into the bytes that S3's clients expect. It owns
// everything that is syntax: paths, hosts, query parameters, headers, XML,
// status codes, error bodies. It knows nothing of SQL, Raft, blobs or of what
// the operations mean; the domain is seen through the small interfaces of
// backend.go.
//
// A request goes through fixed stages: it gets an id, its target is parsed and
// found in the one table of operations (table.go), the caller is authenticated
// and authorised, headers that ask for what the server lacks are refused, and
// only then a handler looks at the body or at the domain. Every error leaves
// through fail.go, with status and message from the table in errors.go.
package s3
