// Package proxy disturbs what goes over TCP. Net is the network between the
// nodes of one process, Edges that between processes: connections whose every
// direction can be cut, slowed, reset and healed at any time, also while bytes
// are on their way. Front stands before an HTTP server and disturbs requests
// and answers, or gives them into somebody else's hands. It knows nothing of S3, nor of who the nodes are but their names.
package proxy
