package fault

import (
	"context"
	"errors"
)

// A Target is a cluster that faults can be done to, at one of the layers: a
// simulation, processes, namespaces of the kernel, or endpoints of which nothing
// else is known. Its methods, and those of its abilities, may be called
// together.
type Target interface {
	// Nodes are the nodes that belong to the cluster now, running or not, sorted.
	Nodes() []string
	// Leader is the node that leads, as far as anybody knows; its error is
	// ErrNoLeader where nobody does, or the target cannot tell.
	Leader(ctx context.Context) (string, error)
	Abilities() Abilities
}

// ErrNoLeader is the answer of a target that knows of no leader.
var ErrNoLeader = errors.New("no node is known to lead")

// Abilities are what a target can do to its cluster; what it cannot do is nil,
// and Why says why, by the name of the group of faults that it keeps out. Each
// method sets a state, and sets it whole: a zero value is health. Errors mean
// that nothing is known of what was done.
type Abilities struct {
	Network  Network
	Process  Process
	Crash    Crasher
	Points   []string // that Crash knows
	Disk     Disk
	Clock    Clock
	Members  Members
	Snapshot Snapshotter
	HTTP     Front
	Why      map[string]string
}

// A Network is what goes between nodes.
type Network interface {
	Trouble(ctx context.Context, e Edge, t NetTrouble) error
	// Reset ends the connections of an edge that there are now, as a reset does.
	Reset(ctx context.Context, e Edge) error
}

// An Edge is one direction between two nodes.
type Edge struct{ From, To string }

// Process are the nodes' processes. Kill ends one without a word, Stop asks it
// to leave; both return when it has ended, and do nothing to one that has ended
// by itself. Start starts one that has ended, and returns when it runs, not when
// it serves; it does nothing to one that runs.
type Process interface {
	Kill(ctx context.Context, node string) error
	Stop(ctx context.Context, node string) error
	Start(ctx context.Context, node string) error
	Pause(ctx context.Context, node string) error
	Resume(ctx context.Context, node string) error
}

// A Crasher lets a process end itself when it comes to a named point of its
// code for the n-th time from now: see Point. "" takes the order back.
type Crasher interface {
	CrashAt(ctx context.Context, node, point string, n int) error
}

// A Disk is what stands under a node's data directory.
type Disk interface {
	Trouble(ctx context.Context, node string, t DiskTrouble) error
	// PowerCut kills the node and forgets what was not synced. Process.Start
	// brings it back.
	PowerCut(ctx context.Context, node string) error
}

// Clock is a node's own time.
type Clock interface {
	Trouble(ctx context.Context, node string, t ClockTrouble) error
}

// Members are who belongs to the cluster.
type Members interface {
	// Add starts one more node and returns its id once it is a voter.
	Add(ctx context.Context) (string, error)
	Remove(ctx context.Context, node string) error
	// Transfer hands the leadership to a node.
	Transfer(ctx context.Context, to string) error
}

// A Snapshotter lets a node snapshot its state and cut its log now.
type Snapshotter interface {
	Snapshot(ctx context.Context, node string) error
}

// A Front is an HTTP proxy between clients and a node.
type Front interface {
	Trouble(ctx context.Context, node string, t HTTPTrouble) error
}
