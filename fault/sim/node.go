package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault/sim/clock"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
	"bleepstore/reference/replica"
)

// A node is one life of a node: from when it is opened until it is closed. The
// wiring is that of package reference, without what needs sockets.
type node struct {
	id      string
	gate    *gate
	clock   *clock.Clock
	trans   *transport
	log     *cluster.Raft
	blobs   *replica.Store // nil where all nodes share a store
	led     atomic.Bool    // the domain was told last that this node leads
	service *object.Service
	handler http.Handler
	failed  chan struct{} // closed when it would have ended its process
	fails   sync.Once
	err     error // why; read once failed is closed

	ctx    context.Context // of what it does; ends when it is closed
	cancel context.CancelFunc
	wg     sync.WaitGroup // of what it does by itself

	mu      sync.Mutex
	closing bool
	calls   sync.WaitGroup // of what others ask of it
}

// Times of a node, as package reference has them, and bounds of the domain that
// let it collect its garbage within a run.
const (
	heartbeatTime = time.Second // the silence after which a node stands for election
	leaseTime     = 500 * time.Millisecond

	// trailing is how many entries the log keeps behind a snapshot: so few that a
	// node which was away for a while has to be sent an image.
	trailing = 32

	readBound  = 20 * time.Second
	writeBound = 30 * time.Second
	grace      = time.Minute
)

// openNode opens a node on its disk.
func (s *fleet) openNode(h *home) (_ *node, err error) {
	n := &node{id: h.id, gate: &h.gate, clock: h.clock, failed: make(chan struct{})}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", h.id, errors.Join(err, n.close()))
		}
	}()
	h.lives++
	dir := "/" + h.id
	if err := errors.Join(h.disk.FS().MkdirAll(dir, 0o700), h.disk.FS().SyncDir("/")); err != nil {
		return n, err
	}
	if h.lives > 1 {
		s.mesh.ballots.audit(h, dir)
	}
	n.trans = newTransport(s.mesh, h.id, n.ctx.Done(), n.keep)
	r := rand.NewChaCha8(seedOf(s.o.Seed, h.id, h.lives))
	way := caller{s.mesh, h.id}
	var blobs atomic.Pointer[replica.Store]
	n.log, err = cluster.OpenRaft(n.ctx, cluster.RaftOptions{
		Dir: dir, FS: h.disk.FS(), VFS: h.disk.VFS(), Cluster: "sim", Node: h.id, Addr: h.id, Transport: n.trans, Peers: cluster.NewWire(way), Bootstrap: h.voters,
		Blobs: func() cluster.BlobStatus {
			if s.cloud != nil {
				return cluster.BlobStatus{Complete: true, Shared: true}
			}
			if b := blobs.Load(); b != nil {
				return blobStatus(b.Status())
			}
			return cluster.BlobStatus{}
		},
		Tune: func(c *raft.Config) { s.tune(h, c) },
		Now:  n.clock.Now, Rand: &lockedReader{r: r},
		Slow: n.gate.pass,
	})
	if err != nil {
		return n, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", n.log.Handler())
	n.handler = mux
	var served, swept blob.Store
	if s.cloud != nil {
		served = &tenant{s.cloud, s, n}
		swept = served
	} else {
		kept, err := local.Open(dir+"/blobs", h.disk.FS())
		if err != nil {
			return n, err
		}
		n.blobs, err = replica.New(replica.Options{
			Local: kept, Node: h.id, Members: n.members, Peers: replica.NewWire(way), Named: n.named, CatchUp: n.catchUp,
			Failed: n.fail, Logger: quiet, Every: 20 * time.Second,
		})
		if err != nil {
			return n, errors.Join(err, kept.Close())
		}
		blobs.Store(n.blobs)
		mux.Handle("/blobs/", n.blobs.Handler())
		served, swept = n.blobs, n.blobs.Local()
	}
	n.service, err = object.New(n.ctx, object.Config{
		Log: n.log, Meta: n.log.DB(), Blobs: served, Sweep: swept, Shared: s.cloud != nil, Leads: n.leads,
		Limits: object.Limits{Read: readBound, Write: writeBound, Grace: grace, MinPart: 1},
		Clock:  n.clock, Rand: &lockedReader{r: r}, Logger: quiet, Fatal: n.fail,
	})
	if err != nil {
		return n, err
	}
	if n.blobs != nil {
		n.wg.Go(func() { n.blobs.Run(n.ctx) })
	}
	n.wg.Go(func() { n.service.Maintain(n.ctx) })
	n.wg.Go(n.watch)
	return n, nil
}

// tune makes raft's timers go by the node's clock.
func (s *fleet) tune(h *home, c *raft.Config) {
	c.Logger = &gateLogger{&h.gate, func() { s.elections.Add(1) }}
	c.HeartbeatTimeout, c.ElectionTimeout = h.clock.Stretch(heartbeatTime), h.clock.Stretch(heartbeatTime)
	c.TrailingLogs, c.SnapshotThreshold = trailing, 2*trailing
	c.LeaderLeaseTimeout, c.CommitTimeout = h.clock.Stretch(leaseTime), h.clock.Stretch(c.CommitTimeout)
}

// leads tells the domain whether this node leads, and keeps what was told.
func (n *node) leads() bool {
	l := n.log.Leads()
	n.led.Store(l)
	return l
}

// watch ends the process, as it were, when the log has failed.
func (n *node) watch() {
	select {
	case <-n.log.Broken():
		n.fail(n.log.Err())
	case <-n.ctx.Done():
	}
}

func (n *node) fail(err error) {
	n.fails.Do(func() {
		n.err = err
		close(n.failed)
	})
}

// serve runs fn for somebody else, unless the node is closing; its context ends
// when the node does, or when ctx, which is the caller's, would.
func (n *node) serve(ctx context.Context, fn func(context.Context) error) (served bool, err error) {
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		return false, nil
	}
	n.calls.Add(1)
	n.mu.Unlock()
	defer n.calls.Done()
	own := n.ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		own, cancel = context.WithDeadline(own, end)
		defer cancel()
	}
	return true, fn(own)
}

// close ends the node. Whoever asks something of it is answered before the
// stores go.
func (n *node) close() error {
	n.mu.Lock()
	n.closing = true
	n.mu.Unlock()
	n.cancel()
	n.wg.Wait()
	var errs []error
	if n.blobs != nil {
		errs = append(errs, n.blobs.Close())
	}
	if n.log != nil {
		errs = append(errs, n.log.Close())
	}
	n.calls.Wait()
	return errors.Join(errs...)
}

// keep tells raft's transport whether an entry is still worth sending.
func (n *node) keep(id string, term uint64) bool {
	return n.ctx.Err() == nil && n.log != nil && n.log.Keep(id, term)
}

func (n *node) members() (all []replica.Member) {
	for _, m := range n.log.Members() {
		all = append(all, replica.Member{ID: m.ID, Voter: m.Voter})
	}
	return all
}

// named pages through the blobs that this node's state names.
func (n *node) named(ctx context.Context, after blob.ID, most int) (ids []blob.ID, err error) {
	err = n.log.DB().View(ctx, func(tx *meta.Tx) error {
		names, err := tx.Blobs(string(after), most)
		for _, name := range names {
			ids = append(ids, blob.ID(name))
		}
		return err
	})
	return ids, err
}

// catchUp returns when this node's state holds all that was committed before.
func (n *node) catchUp(ctx context.Context) error {
	index, err := n.log.ReadIndex(ctx)
	if err != nil {
		return err
	}
	return n.log.Wait(ctx, index)
}

func blobStatus(s replica.Status) cluster.BlobStatus {
	b := cluster.BlobStatus{Held: s.Held, Missing: s.Missing, Lost: s.Lost, Complete: s.Complete}
	for _, id := range s.MissingIDs {
		b.MissingIDs = append(b.MissingIDs, string(id))
	}
	return b
}

// A lockedReader lets goroutines share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}
