package cluster

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
)

// stuckElections is for how many election timeouts an append to the log may last
// before a leader falls silent.
const stuckElections = 5

// errStuck is in the place of a heartbeat.
var errStuck = errors.New("an append to this node's log does not end")

// A diskWatch is raft's log with a clock for the append that is under way. raft
// sends heartbeats from goroutines of their own: a leader whose disk hangs would
// lead for ever and commit nothing.
type diskWatch struct {
	raft.LogStore
	since atomic.Int64 // when the append under way began, in nanoseconds; 0: none is
	began time.Time    // of the clock, which is monotonic
	slow  func()       // called before each append, for tests; may be nil
	// appended is told what is durable; nil: nobody.
	appended func([]*raft.Log)
}

func (d *diskWatch) StoreLog(l *raft.Log) error { return d.StoreLogs([]*raft.Log{l}) }

func (d *diskWatch) StoreLogs(ls []*raft.Log) error {
	d.since.Store(int64(time.Since(d.began)) + 1)
	defer d.since.Store(0)
	if d.slow != nil {
		d.slow()
	}
	err := d.LogStore.StoreLogs(ls)
	if err == nil {
		fault.Point("log.appended")
		if d.appended != nil {
			d.appended(ls)
		}
	}
	return err
}

// IsMonotonic is that of the log.
func (d *diskWatch) IsMonotonic() bool {
	m, ok := d.LogStore.(raft.MonotonicLogStore)
	return ok && m.IsMonotonic()
}

// stuck says whether an append lasts for longer than most.
func (d *diskWatch) stuck(most time.Duration) bool {
	since := d.since.Load()
	return since > 0 && time.Since(d.began)-time.Duration(since) > most
}

// A silencer is raft's transport, which sends no heartbeats while the log hangs,
// so that the others elect a leader that can write. It notes in hands what it
// sends and what comes of it.
type silencer struct {
	t     raft.Transport
	disk  *diskWatch
	most  time.Duration
	hands *hands
}

var _ raft.WithPreVote = (*silencer)(nil)

func (s *silencer) Consumer() <-chan raft.RPC            { return s.t.Consumer() }
func (s *silencer) LocalAddr() raft.ServerAddress        { return s.t.LocalAddr() }
func (s *silencer) SetHeartbeatHandler(h func(raft.RPC)) { s.t.SetHeartbeatHandler(h) }

func (s *silencer) EncodePeer(id raft.ServerID, a raft.ServerAddress) []byte {
	return s.t.EncodePeer(id, a)
}
func (s *silencer) DecodePeer(b []byte) raft.ServerAddress { return s.t.DecodePeer(b) }

func (s *silencer) AppendEntriesPipeline(id raft.ServerID, a raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := s.t.AppendEntriesPipeline(id, a)
	if err != nil {
		return nil, err
	}
	return newPipeline(p, id, s.hands), nil
}

func (s *silencer) AppendEntries(id raft.ServerID, a raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if len(req.Entries) == 0 && s.disk.stuck(s.most) {
		return errStuck
	}
	if len(req.Entries) == 0 && !isHeartbeat(req) { // of many with entries there may be one round
		s.hands.looked(req.Term, id)
	}
	err := s.t.AppendEntries(id, a, req, resp)
	if err == nil && resp.Success && !isHeartbeat(req) {
		s.hands.holds(req, id)
	}
	return err
}

func (s *silencer) RequestVote(id raft.ServerID, a raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return s.t.RequestVote(id, a, req, resp)
}

func (s *silencer) RequestPreVote(id raft.ServerID, a raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	pre, ok := s.t.(raft.WithPreVote)
	if !ok {
		return errors.New("the transport knows no pre-vote")
	}
	return pre.RequestPreVote(id, a, req, resp)
}

func (s *silencer) TimeoutNow(id raft.ServerID, a raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return s.t.TimeoutNow(id, a, req, resp)
}

func (s *silencer) InstallSnapshot(id raft.ServerID, a raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	return s.t.InstallSnapshot(id, a, req, resp, data)
}

// isHeartbeat tells what raft's own transport takes for one. They are sent from
// goroutines of their own.
func isHeartbeat(req *raft.AppendEntriesRequest) bool {
	return len(req.Entries) == 0 && req.PrevLogEntry == 0 && req.PrevLogTerm == 0 && req.LeaderCommitIndex == 0
}
