package process

import (
	"context"
	"net/netip"
	"os/exec"

	"bleepstore/fault"
)

// Edges stand between nodes: proxy.Edges do. Their methods may be called
// together.
type Edges interface {
	fault.Network
	// Node makes a node known, and the host:port at which it listens for others.
	Node(name string, addrs ...string)
	// Dialer is the host:port by way of which a node dials that has
	// BLEEPSTORE_FAULT_DIAL.
	Dialer() string
	// Listen makes an address at which from reaches to, which listens at target.
	Listen(from, to, target string) (addr string, err error)
}

// A Lab is a network in which each node has an address of its own: netns.Lab is.
// Its methods may be called together.
type Lab interface {
	fault.Network
	// Add makes room for a node, and returns its address.
	Add(node string) (netip.Addr, error)
	// Start starts a command as a process of a node.
	Start(node string, cmd *exec.Cmd) error
}

// Fronts are HTTP proxies before nodes.
type Fronts interface {
	fault.Front
	// Open puts a proxy before the node that serves at a URL, and returns the
	// proxy's.
	Open(node, url string) (front string, err error)
}

// Disks are what lies under the nodes' data directories.
type Disks interface {
	// Trouble is that of fault.Disk. PowerCut forgets what was not synced: it is
	// called before a node is started whose process was killed, by whomever.
	fault.Disk
	// Mount has a node's data directory there. It is called before each start of
	// its process.
	Mount(ctx context.Context, node, dir string) error
}
