// Package replica keeps each blob on several nodes: a blob.Store over the
// store of this node and those of its peers. A blob is acknowledged when a
// majority of its holders have it durable; the rest get it in the background,
// and each node pulls what it should hold and lacks. It knows nothing of raft,
// of S3 and of metadata: who the members are and which blobs are named it asks
// the functions of its Options.
//
// The holders of a blob are the up to five voters that rank highest for its id
// by rendezvous hash, so that every node finds them without asking. A copy on a
// node that is no holder, after the voters have changed, is used like any other
// and removed when the blob is.
package replica

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/reference/blob"
)

// A Member is a node of the cluster.
type Member struct {
	ID    string
	Voter bool
}

// Peers reach the stores of other nodes. All methods may be called together
// and end, with an error, soon after ctx has ended. Errors match the sentinels
// of package blob where those fit; a node that cannot be reached is any other
// error.
type Peers interface {
	// Create is blob.Store.Create at node. It may be that r is still read for a
	// moment after it has returned. r gives no last byte before it knows that
	// io.EOF follows: whoever counts bytes must not get to size without it.
	Create(ctx context.Context, node string, id blob.ID, r io.Reader, size int64) (blob.Info, error)
	// Open is blob.Store.Open at node, and describes the whole blob.
	Open(ctx context.Context, node string, id blob.ID, off, n int64) (blob.Info, io.ReadCloser, error)
	// Have says of each id whether node has it whole. At most MaxBatch ids.
	Have(ctx context.Context, node string, ids []blob.ID) ([]bool, error)
	// Delete removes what node has of ids. At most MaxBatch ids.
	Delete(ctx context.Context, node string, ids []blob.ID) error
	// Hint tells node to fetch ids soon from whoever has them. At most MaxBatch.
	Hint(ctx context.Context, node string, ids []blob.ID) error
}

// MaxBatch is how many ids one call of Peers takes.
const MaxBatch = 1000

// Options are what a Store takes from outside. Local, Node, Members and Peers
// are required.
type Options struct {
	// Local holds this node's copies. The Store owns it.
	Local blob.Store
	// Node is this node's id.
	Node string
	// Members returns all members, this one among them once it is one. It is
	// called often, must not block, and its result is not changed.
	Members func() []Member
	Peers   Peers
	// Named returns in ascending order up to max ids behind after that the
	// metadata name; fewer than max only at the end. nil: Run repairs only what
	// it is told to.
	Named func(ctx context.Context, after blob.ID, max int) ([]blob.ID, error)
	// CatchUp returns when Named knows all that was committed before the call.
	// Only a pass behind such a call can find the node complete or a blob lost:
	// names of an old state tell neither. nil: Named is always so.
	CatchUp func(ctx context.Context) error
	// Space returns why a copy must not be taken in: the reserve of the disk is
	// reached. It is asked before a body from a peer, a client's own was let in
	// already. nil: there is no reserve.
	Space func() error
	// Failed is called with the blob.ErrSync of a copy that no caller of this
	// Store waits for; the process must end. nil: it is only logged.
	Failed func(error)
	Logger *slog.Logger // nil: slog.Default

	// Stall is how long a peer may do nothing while it is waited for (0: 5 s).
	Stall time.Duration
	// Settle is how long a holder that has all bytes may take to make them
	// durable, beside a second for every 16 MiB (0: 10 s).
	Settle time.Duration
	// Linger bounds what goes on behind a Create that has returned (0: 1 min).
	Linger time.Duration
	// Every is the time between two passes over all names (0: 1 min). It is
	// longer where a pass takes long.
	Every time.Duration
}

func (o *Options) fill() error {
	if o.Local == nil || o.Node == "" || o.Members == nil || o.Peers == nil {
		return errors.New("replica: local store, node, members and peers are required")
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Stall, 5 * time.Second}, {&o.Settle, 10 * time.Second}, {&o.Linger, time.Minute}, {&o.Every, time.Minute}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Space == nil {
		o.Space = func() error { return nil }
	}
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	if o.CatchUp == nil {
		o.CatchUp = func(context.Context) error { return nil }
	}
	return nil
}

// A Store is the blob.Store of a node in a cluster.
type Store struct {
	opt    Options
	ctx    context.Context // of all that outlives its caller; ends with Close
	cancel context.CancelFunc
	bg     sync.WaitGroup // goroutines that outlive their caller

	claims  blob.Claims
	running running      // creates and pulls, by id
	health  health       // which peers were seen to fail
	outbox  outbox       // hints for peers
	urgent  urgent       // ids to fetch before others
	lagging atomic.Int32 // Creates that have returned and still write
	erasers erasers
	pauses  pauses
	status  progress
	kick    chan struct{} // capacity 1
}

var _ blob.Store = (*Store)(nil)

// New returns a Store. Run must be running for repairs and hints; all else
// works without. Close ends it.
func New(o Options) (*Store, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	s := &Store{opt: o, kick: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.outbox.changed = make(chan struct{}, 1)
	s.urgent.changed = make(chan struct{}, 1)
	return s, nil
}

// Close ends what goes on behind Creates, waits for that, and closes the local
// store. Run must have returned.
func (s *Store) Close() error {
	s.cancel()
	s.bg.Wait()
	return s.opt.Local.Close()
}

// List lists what this node holds.
func (s *Store) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	return s.opt.Local.List(ctx, after, fn)
}
