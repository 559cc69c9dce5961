package cluster

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// A network carries raft's messages and ours between the nodes of a test. Each
// direction of each pair can be cut, for either kind.
type network struct {
	mu      sync.Mutex
	cut     map[edge]bool
	changed chan struct {
	} // closed when a cut or a node changes
	losses  int          // moves when what waits for a cut to heal is lost
	waiting atomic.Int64 // messages of ours that wait for that
	trans   map[string]*raft.InmemTransport
	nodes   map[string]*Raft
	// barren tells to lose an AppendEntries that is no heartbeat.
	barren func(from string, req *raft.AppendEntriesRequest) bool
	// heard is called when an AppendEntries has been answered, before the
	// answer is carried back, and tells to carry it whatever is cut; sent when a
	// command is forwarded.
	heard func(from, to string, req *raft.AppendEntriesRequest) bool
	sent  func(from, to string, command []byte)
	image func() // is called before an image is sent
	// patient, where it is not nil, is how long a message of raft waits for a cut to
	// heal, instead of 300 ms.
	patient context.Context
}

// kinds of messages.
const (
	ofRaft = "raft"
	ofOurs = "ours"
)

type edge struct{ kind, from, to string }

var errLost = errors.New("the message was lost")

func newNetwork() *network {
	return &network{
		cut: map[edge]bool{}, changed: make(chan struct{}), trans: map[string]*raft.InmemTransport{}, nodes: map[string]*Raft{},
		barren: func(string, *raft.AppendEntriesRequest) bool { return false },
		heard:  func(string, string, *raft.AppendEntriesRequest) bool { return false }, sent: func(string, string, []byte) {}, image: func() {},
	}
}

// change runs fn under the lock and wakes who waits.
func (n *network) change(fn func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fn()
	close(n.changed)
	n.changed = make(chan struct{})
}

// isolate cuts a node off, or heals that, in both directions and for both kinds.
func (n *network) isolate(node string, off bool) {
	n.change(func() {
		for other := range n.trans {
			for _, kind := range []string{ofRaft, ofOurs} {
				n.cut[edge{kind, node, other}], n.cut[edge{kind, other, node}] = off, off
			}
		}
	})
}

func (n *network) heal() { n.change(func() { clear(n.cut) }) }

// healEmpty is heal, and loses what waits for it.
func (n *network) healEmpty() {
	n.change(func() {
		clear(n.cut)
		n.losses++
	})
}

// attach gives a node its transport at an address; join makes it known once it
// runs.
func (n *network) attach(id, addr string) *link {
	_, t := raft.NewInmemTransportWithTimeout(raft.ServerAddress(addr), 2*time.Second)
	n.change(func() {
		for _, o := range n.trans {
			o.Connect(t.LocalAddr(), t)
			t.Connect(o.LocalAddr(), o)
		}
		n.trans[id] = t
	})
	return &link{n: n, id: id, t: t}
}

func (n *network) join(id string, r *Raft) { n.change(func() { n.nodes[id] = r }) }

// leave takes a node away; messages to it are refused.
func (n *network) leave(id string) { n.change(func() { delete(n.nodes, id) }) }

// passes waits until a message can pass to a node that runs, or until ctx ends.
func (n *network) passes(ctx context.Context, e edge) (*Raft, error) {
	for lost := -1; ; {
		n.mu.Lock()
		to, cut, changed := n.nodes[e.to], n.cut[e], n.changed
		if lost < 0 {
			lost = n.losses
		}
		cut = cut || lost != n.losses
		n.mu.Unlock()
		if to != nil && !cut {
			return to, nil
		}
		if e.kind == ofOurs {
			n.waiting.Add(1)
			defer n.waiting.Add(-1)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, errLost
		}
	}
}

// A link is a node's transport: raft's in memory, held in a field so that
// nothing goes past the cuts.
type link struct {
	n  *network
	id string
	t  *raft.InmemTransport
}

var _ raft.WithPreVote = (*link)(nil)

// carry sends a request and brings the answer back. It keeps trying for a while,
// because raft waits ever longer after each failure.
func (l *link) carry(to raft.ServerID, call func() error) error {
	return l.carryBack(to, func() (bool, error) { return false, call() })
}

// carryBack is carry for a call that tells whether its answer gets through.
func (l *link) carryBack(to raft.ServerID, call func() (bool, error)) error {
	l.n.mu.Lock()
	ctx, cancel := l.n.patient, func() {}
	l.n.mu.Unlock()
	if ctx == nil {
		ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
	}
	defer cancel()
	if _, err := l.n.passes(ctx, edge{ofRaft, l.id, string(to)}); err != nil {
		return err
	}
	through, err := call()
	if err != nil {
		return err
	}
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if !through && l.n.cut[edge{ofRaft, string(to), l.id}] {
		return errLost
	}
	return nil
}

func (l *link) Consumer() <-chan raft.RPC                 { return l.t.Consumer() }
func (l *link) LocalAddr() raft.ServerAddress             { return l.t.LocalAddr() }
func (l *link) SetHeartbeatHandler(cb func(rpc raft.RPC)) { l.t.SetHeartbeatHandler(cb) }
func (l *link) DecodePeer(b []byte) raft.ServerAddress    { return l.t.DecodePeer(b) }

func (l *link) EncodePeer(id raft.ServerID, a raft.ServerAddress) []byte {
	return l.t.EncodePeer(id, a)
}

func (l *link) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

func (l *link) AppendEntries(id raft.ServerID, a raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	l.n.mu.Lock()
	lost := !isHeartbeat(req) && l.n.barren(l.id, req)
	l.n.mu.Unlock()
	if lost {
		return errLost
	}
	return l.carryBack(id, func() (bool, error) {
		err := l.t.AppendEntries(id, a, req, resp)
		l.n.mu.Lock()
		heard := l.n.heard
		l.n.mu.Unlock()
		return heard(l.id, string(id), req), err
	})
}

func (l *link) RequestVote(id raft.ServerID, a raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return l.carry(id, func() error { return l.t.RequestVote(id, a, req, resp) })
}

func (l *link) RequestPreVote(id raft.ServerID, a raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return l.carry(id, func() error { return l.t.RequestPreVote(id, a, req, resp) })
}

func (l *link) InstallSnapshot(id raft.ServerID, a raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	l.n.image()
	return l.carry(id, func() error { return l.t.InstallSnapshot(id, a, req, resp, data) })
}

func (l *link) TimeoutNow(id raft.ServerID, a raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return l.carry(id, func() error { return l.t.TimeoutNow(id, a, req, resp) })
}

// wires are a node's Peers.
type wires struct {
	n  *network
	id string
}

// ask carries a request and its answer. What has arrived is served to its end,
// however the caller fares; a message that is lost is lost without a word.
func ask[T any](ctx context.Context, w *wires, to string, serve func(context.Context, *Raft) (T, error)) (T, error) {
	var none T
	node, err := w.n.passes(ctx, edge{ofOurs, w.id, to})
	if err != nil {
		return none, err
	}
	type answer struct {
		v   T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		v, err := serve(context.Background(), node)
		answers <- answer{v, err}
	}()
	select {
	case a := <-answers:
		if _, err := w.n.passes(ctx, edge{ofOurs, to, w.id}); err != nil {
			return none, err
		}
		return a.v, a.err
	case <-ctx.Done():
		return none, errLost
	}
}

func (w *wires) Term(ctx context.Context, node string) (TermAnswer, error) {
	return ask(ctx, w, node, func(ctx context.Context, r *Raft) (TermAnswer, error) { return r.ServeTerm(ctx) })
}

func (w *wires) ReadIndex(ctx context.Context, node string) (uint64, error) {
	return ask(ctx, w, node, func(ctx context.Context, r *Raft) (uint64, error) { return r.ServeReadIndex(ctx) })
}

func (w *wires) Propose(ctx context.Context, node string, command []byte) (uint64, error) {
	return ask(ctx, w, node, func(ctx context.Context, r *Raft) (uint64, error) {
		w.n.mu.Lock()
		sent := w.n.sent
		w.n.mu.Unlock()
		sent(w.id, node, command)
		return r.ServePropose(ctx, command)
	})
}

func (w *wires) Change(ctx context.Context, node string, c Change) error {
	_, err := ask(ctx, w, node, func(ctx context.Context, r *Raft) (none struct{}, err error) {
		if c.Forwarded {
			return none, r.ServeChange(ctx, c)
		}
		return none, r.change(ctx, c)
	})
	return err
}

func (w *wires) Status(ctx context.Context, node string, brief bool) (NodeStatus, error) {
	return ask(ctx, w, node, func(_ context.Context, r *Raft) (NodeStatus, error) { return r.ServeStatus(brief), nil })
}
