package cluster

import (
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// nudges tell the followers at once what is committed. raft tells them with the
// next entries, or within its CommitTimeout: until then a client of a follower
// would wait for what the leader's has long been answered.
type nudges struct {
	open   atomic.Bool // raft is there
	mu     sync.Mutex
	at     mark            // the newest
	told   map[string]mark // by node, what was sent to it last
	busy   map[string]bool // nodes to which one is on its way
	closed bool
	wg     sync.WaitGroup
}

// A mark is an entry that is committed.
type mark struct{ index, term uint64 }

// nudge is called when entries up to m are applied here. It does not wait. While
// more entries are on their way to the followers, those will tell them.
func (r *Raft) nudge(m mark) {
	if !r.nudges.open.Load() || r.raft.State() != raft.Leader || r.raft.LastIndex() != m.index {
		return
	}
	n := &r.nudges
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told == nil {
		n.told, n.busy = map[string]mark{}, map[string]bool{}
	}
	n.at = m
	for _, s := range r.raft.GetConfiguration().Configuration().Servers {
		if string(s.ID) == r.o.Node || n.busy[string(s.ID)] || n.closed {
			continue
		}
		n.busy[string(s.ID)] = true
		n.wg.Go(func() { r.nudgeNode(s) })
	}
}

// nudgeNode sends marks to one node until it has been sent the newest.
func (r *Raft) nudgeNode(s raft.Server) {
	n, id := &r.nudges, string(s.ID)
	for {
		n.mu.Lock()
		m := n.at
		if n.closed || n.told[id] == m {
			delete(n.busy, id)
			n.mu.Unlock()
			return
		}
		n.told[id] = m
		n.mu.Unlock()
		r.sendMark(s, m)
	}
}

// sendMark is an AppendEntries without entries. It names the mark both as the
// entry that the follower must have and as what is committed: raft's follower
// commits up to its own last entry, which behind the mark may be one that no
// majority has.
func (r *Raft) sendMark(s raft.Server, m mark) {
	term := r.raft.CurrentTerm()
	if r.raft.State() != raft.Leader || r.raft.CurrentTerm() != term || m.term > term {
		return
	}
	me := r.o.Transport.EncodePeer(raft.ServerID(r.o.Node), r.o.Transport.LocalAddr())
	req := &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(r.o.Node), Addr: me},
		Term:      term, PrevLogEntry: m.index, PrevLogTerm: m.term, LeaderCommitIndex: m.index,
	}
	_ = r.o.Transport.AppendEntries(s.ID, s.Address, req, new(raft.AppendEntriesResponse)) // raft tells it too
}

// end lets no further nudge begin and waits for those on their way.
func (n *nudges) end() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.wg.Wait()
}
