package raftlog_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
)

// A hand is a member of the cluster that the test plays: it says to a node what
// a candidate or a leader would say.
type hand struct {
	id    string
	trans *raft.InmemTransport
}

func newHand(id string) *hand {
	_, trans := raft.NewInmemTransportWithTimeout(raft.ServerAddress(id), 10*time.Second)
	return &hand{id: id, trans: trans}
}

func (h *hand) header() raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(h.id), Addr: []byte(h.id)}
}

// asks for a vote. It is asked as in a transfer of leadership, so that it is
// judged although the node may know a leader.
func (h *hand) asks(n *node, term, lastIndex, lastTerm uint64) (resp raft.RequestVoteResponse) {
	n.t.Helper()
	h.trans.Connect(raft.ServerAddress(n.id), n.trans)
	n.must(h.trans.RequestVote(raft.ServerID(n.id), raft.ServerAddress(n.id), &raft.RequestVoteRequest{
		RPCHeader: h.header(), Term: term, LastLogIndex: lastIndex, LastLogTerm: lastTerm, LeadershipTransfer: true,
	}, &resp))
	return resp
}

// sends the entries behind prev.
func (h *hand) sends(n *node, term, prev, prevTerm, commit uint64, entries ...*raft.Log) (resp raft.AppendEntriesResponse) {
	n.t.Helper()
	h.trans.Connect(raft.ServerAddress(n.id), n.trans)
	n.must(h.trans.AppendEntries(raft.ServerID(n.id), raft.ServerAddress(n.id), &raft.AppendEntriesRequest{
		RPCHeader: h.header(), Term: term, PrevLogEntry: prev, PrevLogTerm: prevTerm, LeaderCommitIndex: commit, Entries: entries,
	}, &resp))
	return resp
}

// A vote is given once a term, only to a log that is up to date, and a restart
// forgets none.
func TestVotes(t *testing.T) {
	n := newNode(t, "x")
	n.seed([]string{"x", "a", "b"}, 2, 2)
	n.start()
	hands := map[string]*hand{"a": newHand("a"), "b": newHand("b"), "stranger": newHand("stranger")}
	for _, tt := range []struct {
		says                      string
		from                      string
		term, lastIndex, lastTerm uint64
		restart                   bool
		granted                   bool
		want                      saved
	}{
		{says: "an older term", from: "a", term: 1, lastIndex: 9, lastTerm: 9, want: saved{Term: 2}},
		{says: "a shorter log", from: "a", term: 3, lastIndex: 2, lastTerm: 2, want: saved{Term: 3}},
		{says: "a longer log of an older term", from: "b", term: 3, lastIndex: 9, lastTerm: 1, want: saved{Term: 3}},
		{says: "a log as long", from: "a", term: 3, lastIndex: 3, lastTerm: 2, granted: true, want: saved{3, 3, "a", nil, 0}},
		{says: "another in the same term", from: "b", term: 3, lastIndex: 9, lastTerm: 3, want: saved{3, 3, "a", nil, 0}},
		{says: "the same again", from: "a", term: 3, lastIndex: 3, lastTerm: 2, granted: true, want: saved{3, 3, "a", nil, 0}},
		{says: "another after a restart", from: "b", term: 3, lastIndex: 9, lastTerm: 3, restart: true, want: saved{3, 3, "a", nil, 0}},
		{says: "the same after a restart", from: "a", term: 3, lastIndex: 3, lastTerm: 2, granted: true, want: saved{3, 3, "a", nil, 0}},
		{says: "a longer log", from: "b", term: 4, lastIndex: 4, lastTerm: 2, granted: true, want: saved{4, 4, "b", nil, 0}},
		{says: "a shorter log of a newer term", from: "a", term: 6, lastIndex: 1, lastTerm: 5, granted: true, want: saved{6, 6, "a", nil, 0}},
		{says: "the term before, after a restart", from: "b", term: 5, lastIndex: 9, lastTerm: 5, restart: true, want: saved{6, 6, "a", nil, 0}},
		{says: "a stranger", from: "stranger", term: 7, lastIndex: 9, lastTerm: 6, want: saved{6, 6, "a", nil, 0}},
	} {
		if tt.restart {
			n.restart()
		}
		resp := hands[tt.from].asks(n, tt.term, tt.lastIndex, tt.lastTerm)
		if resp.Granted != tt.granted || resp.Term != tt.want.Term {
			t.Errorf("%s: granted %v in term %d, want %v in %d", tt.says, resp.Granted, resp.Term, tt.granted, tt.want.Term)
		}
		tt.want.First, tt.want.Log = 1, []uint64{1, 2, 2}
		if d := cmp.Diff(tt.want, n.saved()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.says, d)
		}
	}
}

// What a crash between the two writes of a vote does to raft: over a store that
// has kept the first alone, the candidate of an older term gets a vote that its
// log does not deserve. Over ours it does not.
func TestHalfAVote(t *testing.T) {
	old := newHand("a") // voted for in term 1; its log has nothing since
	for name, ours := range map[string]bool{"a store of two writes": false, "ours": true} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, "x")
			n.seed([]string{"x", "a", "b"}, 2, 2)
			n.open()
			var stable raft.StableStore = n.store
			if !ours {
				stable = raft.NewInmemStore()
			}
			set := func(key string, v uint64) { n.must(stable.SetUint64([]byte(key), v)) }
			set("LastVoteTerm", 1)
			n.must(stable.Set([]byte("LastVoteCand"), []byte("a")))
			set("CurrentTerm", 3)
			set("LastVoteTerm", 3) // for b; and there the crash comes
			if ours {
				n.must(n.store.Close())
				n.open()
				stable = n.store
			}
			n.run(stable, func(t *raft.InmemTransport) raft.Transport { return t })
			resp := old.asks(n, 3, 1, 1)
			if ours && resp.Granted {
				t.Error("a vote was granted to a log that is not up to date")
			}
			if !ours && !resp.Granted {
				t.Error("raft has mended this: LastVoteTerm need not be held back any more")
			}
		})
	}
}

// A follower refuses a gap, truncates a conflict, keeps what it has when it is
// sent again, and commits no further than its log goes.
func TestAppendEntries(t *testing.T) {
	n := newNode(t, "x")
	n.seed([]string{"x", "a", "b"})
	n.start()
	a, b := newHand("a"), newHand("b")
	for _, tt := range []struct {
		says                         string
		from                         *hand
		term, prev, prevTerm, commit uint64
		entries                      []*raft.Log
		restart                      bool
		success                      bool
		log                          []uint64
		wantTerm, committed          uint64
	}{
		{says: "a gap", from: a, term: 2, prev: 5, prevTerm: 2, entries: []*raft.Log{command(6, 2)},
			log: []uint64{1}, wantTerm: 2},
		{says: "another term before", from: a, term: 2, prev: 1, prevTerm: 2, entries: []*raft.Log{command(2, 2)},
			log: []uint64{1}, wantTerm: 2},
		{says: "what follows", from: a, term: 2, prev: 1, prevTerm: 1, commit: 3, entries: []*raft.Log{command(2, 2), command(3, 2), command(4, 2), command(5, 2)},
			success: true, log: []uint64{1, 2, 2, 2, 2}, wantTerm: 2, committed: 3},
		{says: "a part of it again", from: a, term: 2, prev: 1, prevTerm: 1, commit: 3, entries: []*raft.Log{command(2, 2), command(3, 2)},
			success: true, log: []uint64{1, 2, 2, 2, 2}, wantTerm: 2, committed: 3},
		{says: "an older leader", from: b, term: 1, prev: 3, prevTerm: 2, entries: []*raft.Log{command(4, 1)},
			log: []uint64{1, 2, 2, 2, 2}, wantTerm: 2, committed: 3},
		{says: "a conflict", from: b, term: 3, prev: 3, prevTerm: 2, commit: 3, entries: []*raft.Log{command(4, 3)}, restart: true,
			success: true, log: []uint64{1, 2, 2, 3}, wantTerm: 3, committed: 3},
		{says: "behind what was truncated", from: b, term: 3, prev: 5, prevTerm: 2, entries: []*raft.Log{command(6, 3)},
			log: []uint64{1, 2, 2, 3}, wantTerm: 3, committed: 3},
		{says: "commit beyond the log", from: b, term: 3, prev: 4, prevTerm: 3, commit: 100,
			success: true, log: []uint64{1, 2, 2, 3}, wantTerm: 3, committed: 4},
		{says: "the old leader's tail, after a restart", from: a, term: 2, prev: 3, prevTerm: 2, entries: []*raft.Log{command(4, 2), command(5, 2)}, restart: true,
			log: []uint64{1, 2, 2, 3}, wantTerm: 3},
	} {
		if tt.restart {
			n.restart()
		}
		resp := tt.from.sends(n, tt.term, tt.prev, tt.prevTerm, tt.commit, tt.entries...)
		if resp.Success != tt.success || resp.Term != tt.wantTerm {
			t.Errorf("%s: success %v in term %d, want %v in %d", tt.says, resp.Success, resp.Term, tt.success, tt.wantTerm)
		}
		if got := n.raft.CommitIndex(); got != tt.committed {
			t.Errorf("%s: committed up to %d, want %d", tt.says, got, tt.committed)
		}
		if d := cmp.Diff(saved{Term: tt.wantTerm, Log: tt.log, First: 1}, n.saved()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.says, d)
		}
	}
	var l raft.Log
	if err := n.store.GetLog(4, &l); err != nil || string(l.Data) != string(command(4, 3).Data) {
		t.Errorf("entry 4 is %s, %v", l.Data, err)
	}
}

// Whatever comes, in any order, and across restarts: the term that is kept is
// the highest heard of, and no term has votes for two.
func TestTermsNeverGoBack(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	n := newNode(t, "x")
	n.seed([]string{"x", "a", "b"})
	n.start()
	hands := []*hand{newHand("a"), newHand("b")}
	term, granted, votes := uint64(1), map[uint64]string{}, 0
	for i := range 200 {
		if i%40 == 39 {
			n.restart()
		}
		h, asked, answered := hands[r.IntN(2)], term+r.Uint64N(5)-min(term, r.Uint64N(3)), uint64(0)
		if r.IntN(3) == 0 {
			answered = h.sends(n, asked, r.Uint64N(3), 1, 0).Term
		} else {
			resp := h.asks(n, asked, 1+r.Uint64N(2), r.Uint64N(3))
			answered = resp.Term
			if who, ok := granted[asked]; resp.Granted && ok && who != h.id {
				t.Errorf("term %d has votes for %s and %s", asked, who, h.id)
			} else if resp.Granted {
				granted[asked] = h.id
				votes++
			}
		}
		term = max(term, asked)
		if got := n.saved().Term; got != term || answered != term {
			t.Fatalf("step %d, asked in %d: term %d is kept and %d answered, want %d", i, asked, got, answered, term)
		}
	}
	if votes < 10 {
		t.Errorf("too thin: %d votes", votes)
	}
}
