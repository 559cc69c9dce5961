package peer

import (
	"errors"
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

const (
	rpcTimeout = 2 * time.Second // of a message of raft; snapshots get more by their size
	maxPool    = 3               // idle streams to a node

	firstPause, lastPause = 5 * time.Millisecond, 100 * time.Millisecond
)

// Transport is raft's way to the other nodes, and theirs to this raft. The
// address of a node is its id: raft hears of no other in LocalAddr and of the
// leader, and what addresses its configuration has count for nodes that the
// book doesn't know.
//
// An AppendEntries that meets a failure of the network is sent again, within
// the call, while keep tells that this node still replicates to that node in
// that term; for raft itself would pause, up to 10 s, and so keep a follower
// that is back from catching up. keep must become false when raft is to end
// before the port is closed: raft waits for the call. nil never repeats.
//
// It can be called once; a second call panics. The Port closes the transport.
func (p *Port) Transport(keep func(node string, term uint64) bool) raft.Transport {
	if keep == nil {
		keep = func(string, uint64) bool { return false }
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.raft != nil {
		panic("peer: Transport was called before")
	}
	p.raft = &transport{p: p, keep: keep, at: map[string]string{}, out: map[*stream]struct{}{}}
	p.raft.net = raft.NewNetworkTransport(streams{p.raftIn, p.raft}, maxPool, rpcTimeout, lines{p})
	if p.ended {
		_ = p.raft.net.Close()
	}
	return p.raft
}

// A transport wraps raft's own, in a field, so that no call goes past it.
type transport struct {
	p    *Port
	net  *raft.NetworkTransport
	keep func(node string, term uint64) bool

	mu  sync.Mutex
	at  map[string]string    // where nodes were, when last asked
	out map[*stream]struct{} // streams to them
}

var (
	_ raft.Transport   = (*transport)(nil)
	_ raft.WithPreVote = (*transport)(nil)
)

// to makes a node's id its address, and keeps what raft said.
func (t *transport) to(id raft.ServerID, target raft.ServerAddress) raft.ServerAddress {
	if string(target) != string(id) {
		t.p.learn(string(id), string(target))
	}
	t.follow(string(id))
	return raft.ServerAddress(id)
}

// follow closes the streams to where a node no longer is: raft would first wait
// on each for an answer.
func (t *transport) follow(node string) {
	addr, err := t.p.address(node)
	if err != nil {
		return
	}
	var stale []*stream
	t.mu.Lock()
	if t.at[node] != addr {
		t.at[node] = addr
		for s := range t.out {
			if s.to.node == node && s.to.addr != addr {
				stale = append(stale, s)
			}
		}
	}
	t.mu.Unlock()
	for _, s := range stale {
		_ = s.Conn.Close()
	}
}

func (t *transport) Consumer() <-chan raft.RPC            { return t.net.Consumer() }
func (t *transport) LocalAddr() raft.ServerAddress        { return raft.ServerAddress(t.p.node) }
func (t *transport) SetHeartbeatHandler(h func(raft.RPC)) { t.net.SetHeartbeatHandler(h) }

func (t *transport) EncodePeer(id raft.ServerID, _ raft.ServerAddress) []byte { return []byte(id) }
func (t *transport) DecodePeer(b []byte) raft.ServerAddress                   { return raft.ServerAddress(b) }

func (t *transport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	return t.net.AppendEntriesPipeline(id, t.to(id, target))
}

func (t *transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	addr := t.to(id, target)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		*resp = raft.AppendEntriesResponse{}
		err := t.net.AppendEntries(id, addr, req, resp)
		if err == nil || answered(err) || heartbeat(req) {
			return err
		}
		if !t.keep(string(id), req.Term) || !t.p.pause(pause) || !t.keep(string(id), req.Term) {
			return err
		}
	}
}

// heartbeat tells what raft's own transport takes for one: raft repeats these
// itself, and must see them fail.
func heartbeat(r *raft.AppendEntriesRequest) bool {
	return len(r.Entries) == 0 && r.PrevLogEntry == 0 && r.PrevLogTerm == 0 && r.LeaderCommitIndex == 0
}

// answered tells whether an error is the other raft's answer: those come as
// nothing but a text.
func answered(err error) bool {
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == raft.ErrTransportShutdown {
		return false
	}
	return reflect.TypeOf(err) == reflect.TypeOf(errors.New(""))
}

func (t *transport) RequestVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	addr := t.to(id, target)
	return fresh(func() error {
		*resp = raft.RequestVoteResponse{}
		return t.net.RequestVote(id, addr, req, resp)
	})
}

func (t *transport) RequestPreVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	addr := t.to(id, target)
	return fresh(func() error {
		*resp = raft.RequestPreVoteResponse{}
		return t.net.RequestPreVote(id, addr, req, resp)
	})
}

func (t *transport) TimeoutNow(id raft.ServerID, target raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	addr := t.to(id, target)
	return fresh(func() error {
		*resp = raft.TimeoutNowResponse{}
		return t.net.TimeoutNow(id, addr, req, resp)
	})
}

func (t *transport) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	return t.net.InstallSnapshot(id, t.to(id, target), req, resp, data)
}

// fresh repeats what may be said twice past the idle streams that a node which
// has restarted left behind: an election should not be lost to these.
func fresh(call func() error) error {
	for tries := 0; ; tries++ {
		start := time.Now()
		err := call()
		late := time.Since(start) > rpcTimeout/4
		if err == nil || answered(err) || errors.Is(err, errDial) || late || tries == maxPool {
			return err
		}
	}
}
