package reference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/reference/backup"
	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
	"bleepstore/reference/peer"
	"bleepstore/reference/replica"
)

// A node is this server's part in a cluster: the port to the other nodes, the
// log that they agree upon, and the blobs that they keep for each other.
type node struct {
	c      Config
	dir    *datadir
	port   *peer.Port
	raft   atomic.Pointer[cluster.Raft] // nil until it has been admitted
	blobs  *replica.Store               // the copies that nodes keep for each other; nil where they keep none
	cloud  *backup.Held                 // the store in which all nodes keep bodies; nil: there is none
	door   switched                     // answers those who are in no cluster yet
	static map[string]string            // addresses by node, as configured
	full   func() bool                  // makes room on the disk
	failed func(error)                  // ends the process
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// openNode binds the port between the nodes, founds the cluster or asks to be
// admitted to one, which may take until somebody is there to do it, and starts
// raft. If it succeeds it owns the blobs of s; failed is called when it must end.
func openNode(ctx context.Context, c Config, s *stores, failed func(error)) (_ *node, err error) {
	dir := s.dir
	n := &node{c: c, dir: dir, static: map[string]string{}, full: s.reserve.yieldNow, failed: failed, stop: func() {}}
	for _, p := range c.Cluster.Peers {
		if p.ID != "" {
			n.static[p.ID] = p.Addr
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("node %s: %w", dir.id.Node, err), n.close())
		}
	}()
	if dir.id.Node == "" {
		if err := dir.name(c); err != nil {
			return nil, err
		}
	}
	creds, err := c.Cluster.credentials(dir.id.Node)
	if err != nil {
		return nil, err
	}
	n.port, err = peer.Listen(peer.Options{
		Node: dir.id.Node, Listen: c.Cluster.Addr, Bind: c.Cluster.Listen, Creds: creds, Book: n.configured, Elsewhere: n.told,
		Dial: n.dialer(), Log: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	if err := n.belong(ctx); err != nil {
		return nil, err
	}
	if inCloud(c.Backend) {
		if s.blobs, err = dir.openCloud(ctx, c); err != nil {
			return nil, err
		}
	}
	if err := n.start(ctx, s.blobs); err != nil {
		return nil, err // the blobs are still the caller's
	}
	return n, nil
}

// dialer is where faults come in.
func (n *node) dialer() func(context.Context, string) (net.Conn, error) {
	dial := n.c.Cluster.Dial
	if dial == nil {
		return nil
	}
	return func(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, n.dir.id.Node, addr) }
}

// addr is where the other nodes reach this one.
func (n *node) addr() string {
	if a := n.c.Cluster.Advertise; a != "" {
		return a
	}
	return n.port.Addr()
}

// configured tells where another node is by the configuration of this one, told
// where it is by that of the cluster. Neither is always right: a node that moves
// tells the cluster, once it reaches it; and who moves all nodes has only the
// configuration to say so.
func (n *node) configured(id string) (string, bool) {
	a, ok := n.static[id]
	return a, ok
}

func (n *node) told(id string) (string, bool) {
	if r := n.raft.Load(); r != nil {
		for _, m := range r.Members() {
			if m.ID == id {
				return m.Addr, true
			}
		}
	}
	return "", false
}

// start opens raft and what stands on it. Store is where this node keeps copies, or
// where all nodes keep bodies.
func (n *node) start(ctx context.Context, store blob.Store) error {
	n.port.SetCluster(n.dir.id.Cluster)
	var copies atomic.Pointer[replica.Store]
	r, err := cluster.OpenRaft(ctx, cluster.RaftOptions{
		Dir: n.stateDir().Path, FS: n.c.FS, VFS: n.c.VFS, Cluster: n.dir.id.Cluster, Node: n.dir.id.Node, Addr: n.addr(), StateVersion: n.c.Cluster.StateVersion,
		Transport: n.port.Transport(n.keep), Peers: cluster.NewWire(n.port), Tune: n.c.Cluster.tune, Bodies: n.bodies(),
		Blobs: func() cluster.BlobStatus {
			if n.bodies() != "" {
				return cluster.BlobStatus{Complete: true, Shared: true}
			}
			if b := copies.Load(); b != nil {
				return blobStatus(b.Status())
			}
			return cluster.BlobStatus{}
		},
		Full: n.full, Now: n.c.Clock.Now, Rand: &lockedReader{r: n.c.Rand}, Log: raftLog{n.c.Logger},
	})
	if err != nil {
		return err
	}
	n.raft.Store(r)
	if n.bodies() != "" {
		n.cloud = backup.Hold(store)
	} else {
		if err := n.replicate(store); err != nil {
			return err
		}
		copies.Store(n.blobs)
	}
	h := r.Handler()
	n.door.set(h)
	n.port.Handle("/", h)
	return nil
}

// replicate begins to keep copies for other nodes, and they for this one.
func (n *node) replicate(local blob.Store) (err error) {
	n.blobs, err = replica.New(replica.Options{
		Local: local, Node: n.dir.id.Node, Members: n.members, Peers: replica.NewWire(n.port), Named: n.named, CatchUp: n.catchUp,
		Space: n.space(), Failed: n.failed, Logger: n.c.Logger,
	})
	if err != nil {
		return err
	}
	n.port.Handle("/blobs/", n.blobs.Handler())
	background, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.wg.Go(func() { n.blobs.Run(background) })
	return nil
}

// bodies names the store in which all nodes keep bodies, "" where they keep them
// themselves.
func (n *node) bodies() string {
	if inCloud(n.c.Backend) {
		return n.c.Backend
	}
	return ""
}

// served are the blobs of the whole cluster, kept those that this node sweeps.
func (n *node) served() blob.Store {
	if n.cloud != nil {
		return n.cloud
	}
	return n.blobs
}

func (n *node) kept() blob.Store {
	if n.cloud != nil {
		return n.cloud
	}
	return n.blobs.Local()
}

// pauseDeletes keeps what this node sweeps until resume is called. Of a store that
// all nodes share it spares what this node would delete: another one, which leads,
// goes on to delete what was garbage for the grace.
func (n *node) pauseDeletes() (resume func()) {
	if n.cloud != nil {
		return n.cloud.PauseDeletes()
	}
	return n.blobs.PauseDeletes()
}

// keep tells raft's transport whether an entry is still worth sending.
func (n *node) keep(id string, term uint64) bool {
	r := n.raft.Load()
	return r != nil && r.Keep(id, term)
}

func (n *node) members() []replica.Member {
	var all []replica.Member
	for _, m := range n.raft.Load().Members() {
		all = append(all, replica.Member{ID: m.ID, Voter: m.Voter})
	}
	return all
}

// named pages through the blobs that this node's state names.
func (n *node) named(ctx context.Context, after blob.ID, most int) (ids []blob.ID, err error) {
	err = n.raft.Load().DB().View(ctx, func(tx *meta.Tx) error {
		names, err := tx.Blobs(string(after), most)
		ids = make([]blob.ID, len(names))
		for i, name := range names {
			ids[i] = blob.ID(name)
		}
		return err
	})
	return ids, err
}

// catchUp returns when this node's state holds all that was committed before.
func (n *node) catchUp(ctx context.Context) error {
	r := n.raft.Load()
	index, err := r.ReadIndex(ctx)
	if err != nil {
		return err
	}
	return r.Wait(ctx, index)
}

func blobStatus(s replica.Status) cluster.BlobStatus {
	b := cluster.BlobStatus{Held: s.Held, Missing: s.Missing, Lost: s.Lost, Complete: s.Complete}
	for _, id := range s.MissingIDs {
		b.MissingIDs = append(b.MissingIDs, string(id))
	}
	return b
}

// leave hands the leadership on, if this node has it and another can take it
// before ctx ends.
func (n *node) leave(ctx context.Context) {
	r := n.raft.Load()
	if ctx.Err() != nil || !r.Leads() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := r.Transfer(ctx, ""); err != nil {
		n.c.Logger.Info("the leadership was not handed on", "err", err)
	}
}

// close ends what has been opened.
func (n *node) close() error {
	n.stop()
	var errs []error
	if n.port != nil { // first: nobody else needs the stores then, and raft waits for no answer
		errs = append(errs, n.port.Close())
	}
	n.wg.Wait()
	if n.blobs != nil {
		errs = append(errs, n.blobs.Close())
	}
	if n.cloud != nil {
		errs = append(errs, n.cloud.Close())
	}
	if r := n.raft.Load(); r != nil {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// raftLog brings what raft says into the server's log.
type raftLog struct{ l *slog.Logger }

func (w raftLog) Write(p []byte) (int, error) {
	w.l.Debug("raft", "said", string(p))
	return len(p), nil
}

// A switched handler can be replaced while it serves.
type switched struct{ h atomic.Pointer[http.Handler] }

func (s *switched) set(h http.Handler) { s.h.Store(&h) }

func (s *switched) unset() { s.h.Store(nil) }

func (s *switched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.h.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	http.Error(w, "not ready", http.StatusServiceUnavailable)
}

// space refuses a blob of another node when this one's disk is nearly full; nil
// where nobody tells.
func (n *node) space() func() error {
	free, reserve := n.c.freeSpace(n.c.BlobDir), n.c.Limits.Reserve
	setDefault(&reserve, object.DefaultReserve)
	if free == nil {
		return nil
	}
	return func() error {
		// A disk that does not say how full it is says so when it is written.
		if left, err := free(); err == nil && left < reserve {
			return blob.ErrFull
		}
		return nil
	}
}
