package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/batch"
	"bleepstore/reference/lock"
	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// inFlight is how many entries wait for their commit at a time; what comes
// meanwhile is packed into the next.
const inFlight = 2

// RaftOptions are what a node takes from outside. Dir, Cluster, Node, Transport
// and Peers are required.
type RaftOptions struct {
	// Dir holds meta.db, raft.db and snapshots; one process at a time may use it.
	Dir string
	// FS and VFS say where Dir is: see Dir, the type.
	FS  fault.FS
	VFS string
	// Cluster is the id of the cluster, Node that of this node in it.
	Cluster, Node string
	Transport     raft.Transport
	Peers         Peers
	// Addr is where the other nodes reach this one. When the configuration says
	// something else, the node has it changed. "" leaves it as it is.
	Addr string
	// Blobs says what this node holds of the blobs, and whether that is enough to
	// become a voter. nil: always.
	Blobs func() BlobStatus
	// Bodies names the store outside of the nodes in which all of them keep bodies:
	// one that names another is not let in. "": they keep them themselves.
	Bodies string
	// Bootstrap is a first configuration, for tests: it must be the same on all
	// whom it names, and all of them empty. nil means to go on with what
	// FoundCluster has made, or to wait for a leader that adds this node.
	Bootstrap *raft.Configuration
	// StateVersion is the newest version of the state that this node can apply; 0
	// is this program's own. A lower one makes an older program of it: for tests.
	StateVersion int
	// Full is called when a write of the log or of the state has found no room on
	// the disk. It makes some, and tells whether there is any now: then the write
	// is tried once more. It may be called from several goroutines, and must not
	// use the node, which waits for it. nil: there is none to be made.
	Full func() bool
	// Tune changes raft's configuration: for tests.
	Tune func(*raft.Config)
	// ProposeTimeout bounds Propose (0: 5 s), ReadTimeout ReadIndex and Wait
	// (0: 3 s), RoundTimeout one question to the voters and one attempt to hand
	// an entry to raft, by which the others may be late (0: 1 s), ChangeTimeout
	// Join, Remove and Transfer (0: 10 s).
	ProposeTimeout, ReadTimeout, RoundTimeout, ChangeTimeout time.Duration

	Now  func() time.Time // stamps commands; nil is time.Now
	Rand io.Reader        // of command ids; nil is crypto/rand
	Log  io.Writer        // takes raft's log; nil discards it

	// Slow is called before each append to the log, by whoever appends: for tests and
	// simulations, where that takes time. nil: it takes what the disk takes.
	Slow func()
}

func (o *RaftOptions) fill() error {
	if o.Dir == "" || o.Cluster == "" || o.Node == "" || o.Transport == nil || o.Peers == nil {
		return errors.New("directory, cluster, node, transport and peers are required")
	}
	if o.StateVersion == 0 {
		o.StateVersion = meta.StateVersion
	}
	if o.StateVersion > meta.StateVersion {
		return fmt.Errorf("state version %d is not known here", o.StateVersion)
	}
	for d, std := range map[*time.Duration]time.Duration{
		&o.ProposeTimeout: 5 * time.Second, &o.ReadTimeout: 3 * time.Second, &o.RoundTimeout: time.Second, &o.ChangeTimeout: 10 * time.Second,
	} {
		if *d <= 0 {
			*d = std
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return nil
}

// config is raft's configuration. Its bounds keep the log under 1 GiB, at 512
// KiB an entry.
func (o *RaftOptions) config() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(o.Node)
	c.LogOutput, c.LogLevel = o.Log, "WARN"
	c.MaxAppendEntries = 16
	c.TrailingLogs, c.SnapshotThreshold, c.SnapshotInterval = 1024, 512, 2*time.Second
	c.NoLegacyTelemetry = true
	if o.Tune != nil {
		o.Tune(c)
	}
	c.NoSnapshotRestoreOnStart = true // the database restores itself
	c.ShutdownOnRemove = false        // Close ends it
	c.BatchApplyCh = false            // what waits in that channel has no outcome
	return c
}

// Raft is the Log of one node of a cluster: commands are agreed upon by raft and
// applied to this node's own database. Every node takes proposals and reads; a
// follower forwards the command, never a body, and answers from its own state.
//
// A node that cannot reach a majority refuses, within the bounds of its options;
// it never answers from a state that may be old. After a write that failed, and
// that RaftOptions.Full did not help, it is broken for good, as Local is.
type Raft struct {
	o         RaftOptions
	db        *meta.DB
	store     *raftlog.Store
	snapshots *snapshots
	outcomes  *outcomes
	hands     *hands
	raft      *raft.Raft

	packer *batch.Batch[*packed]
	slots  chan struct{} // one for each entry in flight
	rounds *batch.Batch[*reader]
	seen   seen
	nudges nudges
	asked  atomic.Uint64 // the latest term in which this leader has asked what the members can apply

	changing chan struct{} // holds one while the members are changed
	looked   atomic.Uint64 // the commit index when Ready was last called, plus 1

	ctx    context.Context // ends with Close, or when the node breaks
	cancel context.CancelFunc
	wg     sync.WaitGroup // of what this node does by itself
	once   sync.Once
	left   lock.Once
	broken chan struct{}
	err    error // read only once broken is closed
}

var _ Log = (*Raft)(nil)

// OpenRaft opens the directory, mends what a crash has left, and joins the
// cluster. Whoever opened it closes it.
func OpenRaft(ctx context.Context, o RaftOptions) (opened *Raft, err error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("open node: %w", err)
	}
	r := &Raft{o: o, slots: make(chan struct{}, inFlight), changing: make(chan struct{}, 1), broken: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			opened, err = nil, fmt.Errorf("open node %s: %w", o.Node, errors.Join(err, r.Close()))
		}
	}()
	d := Dir{Path: o.Dir, FS: o.FS, VFS: o.VFS}
	if r.store, err = d.openLog(o.Full); err != nil {
		return r, err
	}
	if r.snapshots, err = openSnapshots(r.ctx, d); err != nil {
		return r, err
	}
	base, err := mend(d.meta(), r.store, r.snapshots)
	if err != nil {
		return r, err
	}
	if r.db, err = d.openMeta(ctx, meta.Options{Sync: meta.SyncNormal, Full: o.Full, Knows: o.StateVersion}); err != nil {
		return r, err
	}
	started, err := startedTerm(r.db)
	if err != nil {
		return r, err
	}
	r.outcomes, r.hands = newOutcomes(started), newHands()
	r.packer = batch.New(maxBatchItems, maxBatchBytes, r.flush)
	r.rounds = batch.New(0, 0, r.round)
	return r, r.start(base)
}

// start hands everything to raft.
func (r *Raft) start(base place) (err error) {
	h := new(history)
	h.begin(base)
	r.snapshots.cut = h.forget
	m := &machine{db: r.db, snapshots: r.snapshots, outcomes: r.outcomes, history: h, fail: r.fail, committed: r.nudge}
	r.snapshots.copy = m.copy
	c := r.o.config()
	held := heldLog{r.store, r.snapshots.vol.files(), r.snapshots.vol.log(), r.snapshots.sends}
	dies := &mortal{fail: r.fail}
	disk := &diskWatch{LogStore: mortalLog{held, dies}, began: time.Now(), slow: r.o.Slow, appended: r.ackAppended}
	logs, err := raft.NewLogCache(64, disk)
	if err != nil {
		return err
	}
	if r.o.Bootstrap != nil {
		old, err := raft.HasExistingState(r.store, r.store, r.snapshots)
		if err == nil && !old {
			err = raft.BootstrapCluster(c, r.store, r.store, r.snapshots, r.o.Transport, *r.o.Bootstrap)
		}
		if err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
	}
	r.raft, err = dies.open(func() (*raft.Raft, error) {
		return raft.NewRaft(c, m, logs, mortalStable{&votes{StableStore: r.store}, dies}, r.snapshots, &silencer{r.o.Transport, disk, stuckElections * c.ElectionTimeout, r.hands})
	})
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	r.nudges.open.Store(true)
	r.wg.Go(r.watch)
	r.wg.Go(func() { r.lead(c.ElectionTimeout) })
	r.wg.Go(func() { r.promote(c.ElectionTimeout) })
	if r.o.Addr != "" {
		r.wg.Go(r.announce)
	}
	return nil
}

// watch ends the node's part in the cluster when its disk has failed it.
func (r *Raft) watch() {
	select {
	case <-r.db.Broken():
		r.fail(r.db.Err())
	case <-r.store.Broken():
		r.fail(r.store.Err())
	case <-r.broken:
	case <-r.ctx.Done():
		return
	}
	r.leave()
}

// fail makes the first failure the lasting one.
func (r *Raft) fail(err error) {
	r.once.Do(func() {
		r.err = err
		close(r.broken)
	})
}

// leave stops raft, once nothing waits for it: it would not answer.
func (r *Raft) leave() {
	r.left.Do(func() {
		r.packer.Close()
		ended, stop := bound(context.Background(), r.o.ProposeTimeout)
		defer stop()
		for range inFlight {
			select {
			case r.slots <- struct{}{}:
			case <-ended.Done():
			}
		}
		select {
		case r.changing <- struct{}{}:
		case <-ended.Done():
		}
		_ = r.raft.Shutdown().Error() // it has none
	})
}

// DB returns the state of this node. Read it after ReadIndex and Wait.
func (r *Raft) DB() *meta.DB { return r.db }

// Broken is closed when a write has failed; Err then tells how.
func (r *Raft) Broken() <-chan struct{} { return r.broken }

// Err returns the failure that broke the node, nil while there is none.
func (r *Raft) Err() error {
	select {
	case <-r.broken:
		return r.err
	default:
		return nil
	}
}

// Close leaves the cluster without a word and closes the files. Proposals on
// their way end, those that were appended as unknown. Closing again does nothing.
func (r *Raft) Close() error {
	r.cancel()
	if r.raft != nil {
		r.leave()
		r.rounds.Close()
		r.nudges.end()
	}
	r.wg.Wait()
	var errs []error
	if r.db != nil {
		errs = append(errs, r.db.Close())
	}
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	return errors.Join(errs...)
}

// bound is ctx with a deadline at most d away.
func bound(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// startedTerm returns the term of the latest TermStart that db has applied.
func startedTerm(db *meta.DB) (term uint64, err error) {
	err = db.View(context.Background(), func(tx *meta.Tx) error {
		s, err := tx.Stats()
		term = s.Term
		return err
	})
	return term, err
}
