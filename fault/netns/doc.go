// Package netns gives each node of a cluster a network of the kernel's own: one
// network namespace a node, veth pairs to a bridge, and faults made by nftables,
// by links that go down, and by sockets that are destroyed. Any server's
// processes can run in it, and notice nothing but the faults. It knows nothing
// of what the nodes say to each other.
//
// A Lab stands in the namespace of the process that makes it, which must not be
// the machine's: Reexec runs the whole program again in namespaces of its own,
// as root or, without privileges, in a user namespace. Nothing has a name that
// others see: whatever happens to the process, all of it ends with the last
// process inside.
//
// The kernel's TCP does what it always does: what a cut loses is sent again,
// later and later, so that a connection over an edge that was cut for long may
// stay silent for a while after the edge is whole again.
package netns

import "errors"

// ErrUnavailable is what a machine answers that has no namespaces for us, or
// lacks a part of the kernel; the error around it says which.
var ErrUnavailable = errors.New("network namespaces are not available here")
