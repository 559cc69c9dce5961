package sim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/raft"

	"bleepstore/reference/raftlog"
)

// ballots are what is known of all elections of a run: nobody may vote for two in
// one term, and nobody may remember a vote that was never asked for. Methods may
// be called together.
type ballots struct {
	mu     sync.Mutex
	asked  map[uint64][]string // who asked for votes, by term
	given  map[ballot]string   // for whom
	broken []string
}

type ballot struct {
	voter string
	term  uint64
}

func newBallots() *ballots {
	return &ballots{asked: map[uint64][]string{}, given: map[ballot]string{}}
}

// ask is called before a candidate's request leaves it.
func (b *ballots) ask(candidate string, term uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.asked[term], candidate) {
		b.asked[term] = append(b.asked[term], candidate)
	}
}

// give is called with what a voter has answered.
func (b *ballots) give(voter, candidate string, term uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := ballot{voter, term}
	if before := b.given[of]; before != "" && before != candidate {
		b.broken = append(b.broken, fmt.Sprintf("in term %d %s has voted for %s and for %s", term, voter, before, candidate))
	}
	b.given[of] = candidate
}

// audit looks at the vote that a node remembers which is not open: a vote for
// itself is on its disk before it asks anybody. What cannot be read is for who
// opens the node to tell.
func (b *ballots) audit(h *home, dir string) {
	log, err := raftlog.Open(raftlog.Options{Path: dir + "/raft.db", VFS: h.disk.VFS()})
	if err != nil {
		return
	}
	term, terr := log.GetUint64([]byte("LastVoteTerm"))
	candidate, cerr := log.Get([]byte("LastVoteCand"))
	if err := log.Close(); err != nil || terr != nil || cerr != nil {
		return // it has never voted
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if who := string(candidate); who != h.id && !slices.Contains(b.asked[term], who) {
		b.broken = append(b.broken, fmt.Sprintf("%s remembers to have voted in term %d for %s, which has not asked it to", h.id, term, who))
	}
}

// found are the violations so far.
func (b *ballots) found() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.broken)
}

// watchVote has ballots told of an answer to a request for a vote.
func (b *ballots) watchVote(voter string, req *raft.RequestVoteRequest, answer any, err error) {
	if r, ok := answer.(*raft.RequestVoteResponse); ok && r != nil && err == nil && r.Granted {
		b.give(voter, string(req.Addr), req.Term)
	}
}
