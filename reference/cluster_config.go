package reference

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"

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

	// StateVersion makes the node one of an older program, which can apply the state
	// up to that version: for tests. 0: this program's own.
	StateVersion int

	// Dial opens connections from this node, by its id, to a peer's address; nil:
	// by TCP. Faults are put in here.
	Dial func(ctx context.Context, from, to string) (net.Conn, error)
	// Listen binds Addr, whose host may be any name then; nil: by TCP. The server
	// closes what it returns.
	Listen func(addr string) (net.Listener, error)
}

// A ClusterPeer is a node to ask for admission.
type ClusterPeer struct {
	ID   string // "": not known
	Addr string // host:port
}

// withDefaults checks c and returns a copy in which nothing is left open.
func (c ClusterConfig) withDefaults(metaPath string) (*ClusterConfig, error) {
	setDefault(&c.Addr, "127.0.0.1:9002")
	setDefault(&c.Heartbeat, 100*time.Millisecond)
	setDefault(&c.Election, time.Second)
	switch {
	case filepath.Base(metaPath) != "meta.db":
		return nil, fmt.Errorf("the metadata of a node are called meta.db, not %s", filepath.Base(metaPath))
	case c.Election < 10*c.Heartbeat:
		return nil, fmt.Errorf("an election timeout of %s is shorter than ten heartbeats of %s", c.Election, c.Heartbeat)
	case c.Creds == nil && len(c.Secret) == 0:
		return nil, errors.New("the nodes of a cluster need a secret, or certificates")
	}
	return &c, nil
}

// credentials are those of a node.
func (c *ClusterConfig) credentials(node string) (peer.Credentials, error) {
	if c.Creds != nil {
		return *c.Creds, nil
	}
	return peer.FromSecret(c.Secret, node)
}

// tune brings the configured times to raft. A follower that has heard nothing
// for ten heartbeats stands for election.
func (c *ClusterConfig) tune(r *raft.Config) {
	r.ElectionTimeout = c.Election
	r.HeartbeatTimeout = min(10*c.Heartbeat, c.Election)
	r.LeaderLeaseTimeout = r.HeartbeatTimeout / 2
	if c.SnapshotInterval > 0 {
		r.SnapshotInterval = c.SnapshotInterval
	}
	if c.SnapshotThreshold > 0 {
		r.SnapshotThreshold = c.SnapshotThreshold
	}
	if c.TrailingLogs > 0 {
		r.TrailingLogs = c.TrailingLogs
	}
	if c.MaxAppendEntries > 0 {
		r.MaxAppendEntries = c.MaxAppendEntries
	}
}
