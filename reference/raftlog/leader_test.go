package raftlog_test

import (
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A puppet is a follower that votes and acknowledges as the test allows.
type puppet struct {
	*hand
	appends chan raft.RPC

	mu      sync.Mutex
	moved   *sync.Cond
	votes   bool   // it grants them
	asked   int    // for votes and pre-votes
	last    uint64 // of its log
	may     uint64 // it acknowledges entries up to here, and is silent beyond
	behind  uint64 // the highest entry that an append was to follow
	offered uint64 // the highest entry that it was sent
	closed  bool
}

// puppets are connected with the node, which has started, until the test ends.
func puppets(n *node, ids ...string) (ps []*puppet) {
	var running sync.WaitGroup
	stop := make(chan struct{})
	for _, id := range ids {
		p := &puppet{hand: newHand(id), appends: make(chan raft.RPC, 1000), last: 1}
		p.moved = sync.NewCond(&p.mu)
		n.trans.Connect(raft.ServerAddress(id), p.trans)
		ps = append(ps, p)
		running.Go(func() { p.serve(stop) })
		running.Go(func() {
			for rpc := range p.appends {
				rpc.Respond(p.append(rpc.Command.(*raft.AppendEntriesRequest)))
			}
		})
	}
	n.t.Cleanup(func() {
		for _, p := range ps {
			p.set(func() { p.closed = true })
		}
		n.stop() // nobody sends any more
		close(stop)
		running.Wait()
	})
	return ps
}

// set changes what the puppet does.
func (p *puppet) set(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
	p.moved.Broadcast()
}

// get reads what the puppet has seen.
func get[T any](p *puppet, v *T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *v
}

// serve answers votes and heartbeats at once, and appends in their order.
func (p *puppet) serve(stop chan struct{}) {
	defer close(p.appends)
	for {
		select {
		case <-stop:
			return
		case rpc := <-p.trans.Consumer():
			switch req := rpc.Command.(type) {
			case *raft.RequestPreVoteRequest:
				rpc.Respond(&raft.RequestPreVoteResponse{RPCHeader: p.header(), Term: req.Term, Granted: p.vote()}, nil)
			case *raft.RequestVoteRequest:
				rpc.Respond(&raft.RequestVoteResponse{RPCHeader: p.header(), Term: req.Term, Granted: p.vote()}, nil)
			case *raft.AppendEntriesRequest:
				if req.PrevLogEntry == 0 && len(req.Entries) == 0 {
					rpc.Respond(&raft.AppendEntriesResponse{RPCHeader: p.header(), Term: req.Term, Success: true}, nil)
				} else {
					p.appends <- rpc
				}
			}
		}
	}
}

func (p *puppet) vote() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.votes
}

func (p *puppet) append(req *raft.AppendEntriesRequest) (*raft.AppendEntriesResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	resp := &raft.AppendEntriesResponse{RPCHeader: p.header(), Term: req.Term, LastLog: p.last, NoRetryBackoff: true}
	if req.PrevLogEntry > p.last {
		return resp, nil
	}
	p.behind = max(p.behind, req.PrevLogEntry)
	if len(req.Entries) > 0 {
		last := req.Entries[len(req.Entries)-1].Index
		p.offered = max(p.offered, last)
		for p.may < last && !p.closed {
			p.moved.Wait()
		}
		if p.closed {
			return nil, errors.New("closed")
		}
		p.last = last
	}
	resp.Success, resp.LastLog = true, p.last
	return resp, nil
}

// unpiped is a transport that sends one append at a time, so that the next one
// tells that the answer to the last was taken into account. It holds the
// transport in a field: embedded, it would promote every method that is not
// named here, also one that a later raft adds.
type unpiped struct{ t *raft.InmemTransport }

func (u unpiped) Consumer() <-chan raft.RPC          { return u.t.Consumer() }
func (u unpiped) LocalAddr() raft.ServerAddress      { return u.t.LocalAddr() }
func (u unpiped) SetHeartbeatHandler(func(raft.RPC)) {}
func (u unpiped) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}
func (u unpiped) AppendEntries(id raft.ServerID, to raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return u.t.AppendEntries(id, to, req, resp)
}
func (u unpiped) RequestVote(id raft.ServerID, to raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return u.t.RequestVote(id, to, req, resp)
}
func (u unpiped) RequestPreVote(id raft.ServerID, to raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return u.t.RequestPreVote(id, to, req, resp)
}
func (u unpiped) InstallSnapshot(id raft.ServerID, to raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	return u.t.InstallSnapshot(id, to, req, resp, data)
}
func (u unpiped) TimeoutNow(id raft.ServerID, to raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return u.t.TimeoutNow(id, to, req, resp)
}
func (u unpiped) EncodePeer(id raft.ServerID, a raft.ServerAddress) []byte {
	return u.t.EncodePeer(id, a)
}
func (u unpiped) DecodePeer(b []byte) raft.ServerAddress { return u.t.DecodePeer(b) }

// settled returns when the node's main loop has had many chances to do what it
// has been told: each of these calls passes through it, and which of those that
// wait comes next is chosen at random.
func settled(t *testing.T, n *node) {
	t.Helper()
	c := raft.Configuration{Servers: []raft.Server{{ID: "x", Address: "x"}}}
	for range 40 {
		if err := n.raft.BootstrapCluster(c).Error(); !errors.Is(err, raft.ErrCantBootstrap) {
			t.Fatalf("bootstrapping again: %v", err)
		}
	}
}

func (n *node) wantState(want raft.RaftState) {
	n.t.Helper()
	eventually(n.t, want.String(), func() bool { return n.raft.State() == want })
}

// A node that hears nothing becomes a candidate, is no leader without a
// majority, leads with one, and follows again whoever has a higher term.
func TestRoles(t *testing.T) {
	n := newNode(t, "x")
	n.campaigns()
	n.seed([]string{"x", "a", "b", "c", "d"})
	n.start()
	if got := n.raft.State(); got != raft.Follower {
		t.Errorf("it starts as %v", got)
	}
	ps := puppets(n, "a", "b", "c", "d")
	for _, p := range ps {
		p.set(func() { p.may = 1000 })
	}
	n.wantState(raft.Candidate)
	ps[0].set(func() { ps[0].votes = true })
	asked := get(ps[1], &ps[1].asked)
	eventually(t, "more campaigns", func() bool { return get(ps[1], &ps[1].asked) > asked+4 })
	if n.raft.State() == raft.Leader {
		t.Fatal("it leads with two votes of five")
	}
	for round, first := range []uint64{2, 1} {
		ps[first].set(func() { ps[first].votes = true })
		n.wantState(raft.Leader)
		for _, p := range ps[1:] {
			p.set(func() { p.votes = false })
		}
		term := n.saved().Term
		if got := n.saved(); got.Vote != "x" || got.VoteTerm != term {
			t.Errorf("it leads term %d by a vote for %q in %d", term, got.Vote, got.VoteTerm)
		}
		if !ps[3].sends(n, term+1, 1, 1, 0).Success {
			t.Errorf("round %d: it does not follow the leader of a higher term", round)
		}
		eventually(t, "it knows the new leader, or stands again", func() bool {
			_, id := n.raft.LeaderWithID()
			return id == "d" || n.raft.State() == raft.Candidate
		})
		if got := n.saved().Term; got <= term {
			t.Errorf("round %d: term %d after %d", round, got, term)
		}
		n.wantState(raft.Candidate) // d is silent
	}
}

// An entry of an older term is not committed by being on a majority; one of the
// leader's own term is, on a majority and not before, and commits those below.
func TestCommit(t *testing.T) {
	n := newNode(t, "x")
	n.campaigns()
	n.conf.HeartbeatTimeout, n.conf.ElectionTimeout, n.conf.LeaderLeaseTimeout = time.Second, time.Second, time.Second // one term is to do
	n.conf.MaxAppendEntries = 1
	n.seed([]string{"x", "a", "b", "c", "d"}, 2) // entry 2, of term 2, is with x alone
	n.open()
	n.run(n.store, func(t *raft.InmemTransport) raft.Transport { return unpiped{t} })
	ps := puppets(n, "a", "b", "c", "d")
	for _, p := range ps {
		p.set(func() { p.votes = true })
	}
	n.wantState(raft.Leader)
	a, b := ps[0], ps[1]
	for _, p := range ps[:2] {
		p.set(func() { p.may = 2 })
		eventually(t, "entry 2 acknowledged", func() bool { return get(p, &p.offered) == 3 })
	}
	settled(t, n)
	if got := n.raft.CommitIndex(); got != 0 {
		t.Errorf("committed up to %d by a majority that has entry 2, of an older term", got)
	}
	a.set(func() { a.may = 3 })
	eventually(t, "entry 3 acknowledged by a", func() bool { return get(a, &a.behind) == 3 })
	settled(t, n)
	if got := n.raft.CommitIndex(); got != 0 || len(n.fsm.all()) != 0 {
		t.Errorf("committed up to %d by two of five", got)
	}
	b.set(func() { b.may = 3 })
	eventually(t, "entries 2 and 3 committed", func() bool { return n.raft.CommitIndex() == 3 })
	eventually(t, "entry 2 applied", func() bool { return slices.Equal(n.fsm.all(), []string{string(command(2, 2).Data)}) })
	f := n.raft.Apply([]byte("mine"), time.Minute)
	for _, p := range []*puppet{a, ps[2]} {
		p.set(func() { p.may = 4 })
	}
	if err := f.Error(); err != nil || f.Index() != 4 {
		t.Errorf("entry %d, %v", f.Index(), err)
	}
}
