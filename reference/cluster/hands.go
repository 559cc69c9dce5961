package cluster

import (
	"sync"

	"github.com/hashicorp/raft"
)

// rounds is how many times what replicates to a follower must have looked for
// something to do before a question that was left for it is taken out for sure: it
// draws among what there is.
const rounds = 32

// hands tells to which followers the leadership can be handed. For each raft has
// a goroutine that replicates to it, with room for one question of a transfer, and
// a transfer that ends without an answer leaves its question there. Who starts
// another one meanwhile waits for room, and as long raft refuses every write: while
// the follower cannot be reached, and for good once another node leads.
// https://github.com/hashicorp/raft/issues/696
type hands struct {
	mu   sync.Mutex
	term uint64
	of   map[raft.ServerID]*hand // of the term; by then raft has new goroutines
}

// A hand is one follower's.
type hand struct {
	holds uint64 // the last index that it has said to have
	owed  int    // rounds until there is room for sure
}

func newHands() *hands { return &hands{of: map[raft.ServerID]*hand{}} }

// at calls fn with a follower's hand, unless the term is over.
func (h *hands) at(term uint64, id raft.ServerID, fn func(*hand)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if term < h.term {
		return
	}
	if term > h.term {
		h.term = term
		clear(h.of)
	}
	if h.of[id] == nil {
		h.of[id] = &hand{}
	}
	fn(h.of[id])
}

// looked notes a round.
func (h *hands) looked(term uint64, id raft.ServerID) {
	h.at(term, id, func(a *hand) { a.owed = max(0, a.owed-1) })
}

// holds notes what a follower has stored.
func (h *hands) holds(req *raft.AppendEntriesRequest, id raft.ServerID) {
	h.at(req.Term, id, func(a *hand) { a.holds = max(a.holds, req.PrevLogEntry+uint64(len(req.Entries))) })
}

// take tells whether a transfer to the follower can be started, which is to be
// done then.
func (h *hands) take(term uint64, id raft.ServerID) (ok bool) {
	h.at(term, id, func(a *hand) {
		if ok = a.owed == 0; ok {
			a.owed = rounds
		}
	})
	return ok
}

// takeAny is take of the one that holds most, "" where none can be taken.
func (h *hands) takeAny(term uint64, ids []string) (best raft.ServerID) {
	most := uint64(0)
	for _, id := range ids {
		h.at(term, raft.ServerID(id), func(a *hand) {
			if a.owed == 0 && (best == "" || a.holds > most) {
				best, most = raft.ServerID(id), a.holds
			}
		})
	}
	if best == "" || !h.take(term, best) {
		return ""
	}
	return best
}
