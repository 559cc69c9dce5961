package reference

import (
	"context"
	"net"
	"time"

	"bleepstore/reference/peer"
)

// A ClusterConfig makes the server a node of a cluster. The zero value of a
// field means its default; a node needs a Secret. The log and its snapshots
// stand beside the metadata database, in the directory of Config.MetaPath.
type ClusterConfig struct {
	// Node is this node's id, for as long as its data directory lasts; "" mints
	// one at first start and takes that of the directory later.
	Node string
	// Addr is host:port to bind for the other nodes; default 127.0.0.1:9002.
	Addr string
	// Advertise is host:port where the other nodes reach it; "": the address
	// bound.
	Advertise string
	// Peers are the nodes that are asked for admission. The node itself may be
	// among them.
	Peers []ClusterPeer
	// DNS has the host of each peer's Addr resolved anew at every attempt, to
	// any number of nodes; the peers' IDs are "" then.
	DNS bool
	// Bootstrap lets an empty directory found a new cluster of which the node is
	// the only voter. It means nothing to a directory that is part of one.
	Bootstrap bool
	// Secret is what the nodes of a cluster share: who has it is a node. Creds,
	// when not nil, are used instead.
	Secret []byte
	Creds  *peer.Credentials

	// Heartbeat is how often a leader tells that it is there; default 100 ms.
	// Election is the silence after which a node stands for election, at least
	// ten times as long; default 1 s.
	Heartbeat, Election time.Duration

	SnapshotInterval  time.Duration // how often it is looked whether a snapshot is due; default 2 s
	SnapshotThreshold uint64        // log entries since the last one that make it due; default 512
	TrailingLogs      uint64        // log entries that are kept behind a snapshot; default 1024
	MaxAppendEntries  int           // most entries of one request between nodes; default 16

	// Dial opens connections from this node, by its id, to a peer's address; nil:
	// by TCP. Faults are put in here.
	Dial func(ctx context.Context, from, to string) (net.Conn, error)
}

// A ClusterPeer is a node to ask for admission.
type ClusterPeer struct {
	ID   string // "": not known
	Addr string // host:port
}
