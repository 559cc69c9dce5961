package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// As the port between nodes has them.
const (
	rpcTimeout   = 2 * time.Second
	imageTimeout = 30 * time.Second
	firstPause   = 5 * time.Millisecond
	lastPause    = 100 * time.Millisecond
)

// A transport is raft's way over a mesh. The address of a node is its id. As the
// real one it sends AppendEntries again while the network fails and keep says
// that it is worth while, because raft itself would wait ever longer.
type transport struct {
	m    *mesh
	id   string
	gone <-chan struct{} // closed when the node ends
	keep func(node string, term uint64) bool
	in   chan raft.RPC
	beat atomic.Pointer[func(raft.RPC)]
}

var _ raft.WithPreVote = (*transport)(nil)

func newTransport(m *mesh, id string, gone <-chan struct{}, keep func(string, uint64) bool) *transport {
	return &transport{m: m, id: id, gone: gone, keep: keep, in: make(chan raft.RPC)}
}

func (t *transport) Consumer() <-chan raft.RPC                                { return t.in }
func (t *transport) LocalAddr() raft.ServerAddress                            { return raft.ServerAddress(t.id) }
func (t *transport) SetHeartbeatHandler(h func(raft.RPC))                     { t.beat.Store(&h) }
func (t *transport) EncodePeer(id raft.ServerID, _ raft.ServerAddress) []byte { return []byte(id) }
func (t *transport) DecodePeer(b []byte) raft.ServerAddress                   { return raft.ServerAddress(b) }

func (t *transport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

func (t *transport) AppendEntries(id raft.ServerID, _ raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	sent := *req // it may arrive when the caller has gone on
	sent.Entries = make([]*raft.Log, len(req.Entries))
	size := 100
	for i, l := range req.Entries {
		entry := *l
		sent.Entries[i] = &entry
		size += len(l.Data)
	}
	q := message{from: t.id, to: string(id), size: size, twice: true}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		answered, err := call(t, q, &sent, nil, resp)
		if answered || heartbeat(req) || !t.keep(string(id), req.Term) || !t.pause(pause) || !t.keep(string(id), req.Term) {
			return err
		}
	}
}

// heartbeat tells what raft's own transport takes for one.
func heartbeat(r *raft.AppendEntriesRequest) bool {
	return len(r.Entries) == 0 && r.PrevLogEntry == 0 && r.PrevLogTerm == 0 && r.LeaderCommitIndex == 0
}

func (t *transport) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.gone:
		return false
	}
}

func (t *transport) RequestVote(id raft.ServerID, _ raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	sent := *req
	t.m.ballots.ask(t.id, req.Term)
	_, err := call(t, message{from: t.id, to: string(id), size: 100, twice: true}, &sent, nil, resp)
	return err
}

func (t *transport) RequestPreVote(id raft.ServerID, _ raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	sent := *req
	_, err := call(t, message{from: t.id, to: string(id), size: 100, twice: true}, &sent, nil, resp)
	return err
}

func (t *transport) TimeoutNow(id raft.ServerID, _ raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	sent := *req
	_, err := call(t, message{from: t.id, to: string(id), size: 100, twice: true}, &sent, nil, resp)
	return err
}

// InstallSnapshot sends an image as one message.
func (t *transport) InstallSnapshot(id raft.ServerID, _ raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	image, err := io.ReadAll(io.LimitReader(data, req.Size))
	if err != nil {
		return err
	}
	sent := *req
	_, err = call(t, message{from: t.id, to: string(id), size: len(image)}, &sent, image, resp)
	return err
}

// call makes one request of another node's raft. answered tells whether that has
// said something, be it an error.
func call[A any](t *transport, q message, command any, image []byte, resp *A) (answered bool, _ error) {
	timeout := rpcTimeout
	if image != nil {
		timeout = imageTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	a, err := ask(ctx, t.m, q, func(ctx context.Context, n *node) (*A, error) {
		v, err := n.trans.deliver(ctx, command, image)
		answer, _ := v.(*A)
		return answer, err
	})
	if a != nil {
		*resp = *a
	}
	return a != nil || err != nil && !onTheWay(err), err
}

// onTheWay says whether an error is of the way, not the other raft's.
func onTheWay(err error) bool {
	return err == errLost || err == errReset || err == errRefused || errors.Is(err, raft.ErrTransportShutdown)
}

// deliver hands a request to this node's raft and waits for its answer.
func (t *transport) deliver(ctx context.Context, command any, image []byte) (any, error) {
	answers := make(chan raft.RPCResponse, 1)
	rpc := raft.RPC{Command: command, RespChan: answers}
	if image != nil {
		rpc.Reader = bytes.NewReader(image)
	}
	beat := t.beat.Load()
	if req, ok := command.(*raft.AppendEntriesRequest); ok && heartbeat(req) && beat != nil {
		(*beat)(rpc)
	} else {
		select {
		case t.in <- rpc:
		case <-ctx.Done():
			return nil, raft.ErrTransportShutdown
		}
	}
	select {
	case a := <-answers:
		if req, ok := command.(*raft.RequestVoteRequest); ok {
			t.m.ballots.watchVote(t.id, req, a.Response, a.Error)
		}
		return a.Response, a.Error
	case <-ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
}
