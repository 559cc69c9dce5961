package peer

import (
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
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
	p.raft = &transport{p: p, keep: keep, net: raft.NewNetworkTransport(streams{p.raftIn, p}, maxPool, rpcTimeout, lines{p})}
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
	return raft.ServerAddress(id)
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

// lines takes the lines that raft's transport logs. What it says of connections
// that Close cuts is nobody's concern.
type lines struct{ p *Port }

var levels = []struct {
	mark  string
	level slog.Level
}{{"[ERROR]", slog.LevelWarn}, {"[WARN]", slog.LevelWarn}, {"[INFO]", slog.LevelInfo}}

func (l lines) Write(b []byte) (int, error) {
	text, level := strings.TrimSpace(string(b)), slog.LevelDebug
	for _, known := range levels {
		if _, after, ok := strings.Cut(text, known.mark); ok {
			text, level = strings.TrimSpace(after), known.level
			break
		}
	}
	if l.p.ctx.Err() != nil {
		level = slog.LevelDebug
	}
	l.p.log.Log(l.p.ctx, level, text)
	return len(b), nil
}
