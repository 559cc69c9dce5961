package raftlog

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/hashicorp/raft"
)

// killsEnv is how often TestKill kills; 20 by default.
const killsEnv = "RAFTLOG_KILLS"

// A ledger is what was acknowledged.
type ledger struct {
	first, last uint64
	terms       map[uint64]uint64 // of the entries
	voteTerm    uint64
	voteFor     uint64
}

func (b *ledger) add(o op) {
	switch o.kind {
	case "append":
		if b.last == 0 {
			b.first = o.first
		}
		for i := o.first; i <= o.last; i++ {
			b.terms[i] = o.term
		}
		b.last = o.last
	case "delete":
		if o.first == b.first {
			b.first = o.last + 1
		} else {
			b.last = o.first - 1
		}
		if b.first > b.last {
			b.first, b.last = 0, 0
		}
	default:
		b.voteTerm, b.voteFor = o.term, o.first
	}
}

// TestKill kills a writer again and again, at random moments. Each time the
// store holds every acknowledged append and vote, in order, without a hole;
// and of what was under way all or nothing, or of a deletion a part.
func TestKill(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		kills = n
	}
	if testing.Short() {
		kills = 5
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	path, book, acked, cut := tempPath(t), &ledger{terms: map[uint64]uint64{}}, 0, 0
	for i := range kills {
		n, pending := writeUntilKilled(t, path, r, book)
		acked += n
		if pending != nil {
			cut++
		}
		s := open(t, path)
		book.check(t, s, pending)
		closed(t, s)
		if t.Failed() {
			t.Fatalf("after kill %d, with %v under way", i+1, pending)
		}
	}
	t.Logf("%d kills, %d operations acknowledged, %d under way", kills, acked, cut)
	if acked < 5*kills {
		t.Errorf("too thin: %d operations acknowledged", acked)
	}
}

// writeUntilKilled kills a writer after a random number of acknowledgements and
// notes them; pending is what it had begun.
func writeUntilKilled(t *testing.T, path string, r *rand.Rand, book *ledger) (acked int, pending *op) {
	t.Helper()
	c := startChild(t, "writer", path, fmt.Sprint(r.Uint64()))
	for stop := 5 + r.IntN(120); ; {
		line, ok := c.line()
		if !ok {
			break
		}
		if line == "ok" {
			book.add(*pending)
			pending = nil
			acked++
			continue
		}
		o, err := parseOp(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if pending = &o; acked >= stop {
			c.kill() // while it does that; what it still says counts
		}
	}
	if err := c.cmd.Wait(); c.cmd.ProcessState.Exited() {
		t.Fatalf("the writer ended: %v", err)
	}
	return acked, pending
}

// check compares the store with the ledger and brings the ledger up to it where
// the operation under way may have come to something.
func (b *ledger) check(t *testing.T, s *Store, pending *op) {
	t.Helper()
	first, last := s.log.Load().first, s.log.Load().last
	if pending != nil && b.became(pending, first, last) {
		if pending.kind == "append" {
			b.add(*pending)
		}
		b.first, b.last = first, last
	}
	wantEnds(t, s, b.first, b.last)
	next, term := b.first, uint64(0)
	err := s.Range(b.first, b.last, func(l *raft.Log) error {
		if d := diff(made(next, b.terms[next]), l); d != "" {
			t.Errorf("entry %d (-want +got):\n%s", next, d)
		}
		if l.Term < term {
			t.Errorf("entry %d is of term %d, behind %d", next, l.Term, term)
		}
		next, term = next+1, l.Term
		return nil
	})
	if err != nil && b.last != 0 {
		t.Errorf("read: %v", err)
	}
	b.checkVote(t, s, pending)
}

// became tells whether the ends of the log may have come of the operation.
func (b *ledger) became(o *op, first, last uint64) bool {
	switch {
	case o.kind == "append":
		return last == o.last && (first == b.first || b.last == 0 && first == o.first)
	case o.kind == "delete" && o.first == b.first:
		return last == b.last && first >= b.first && first <= o.last+1 || o.last == b.last && last == 0
	case o.kind == "delete":
		return first == b.first && last <= b.last && last >= o.first-1
	}
	return false
}

func (b *ledger) checkVote(t *testing.T, s *Store, pending *op) {
	t.Helper()
	term, err := s.GetUint64([]byte(keyVoteTerm))
	cand, err2 := s.Get([]byte(keyVoteCand))
	if err == errNotFound && err2 == errNotFound && b.voteTerm == 0 {
		return
	}
	if pending != nil && pending.kind == "vote" && term == pending.term {
		b.add(*pending)
	}
	if err != nil || err2 != nil || term != b.voteTerm || string(cand) != fmt.Sprint(b.voteFor) {
		t.Errorf("vote for %q in %d (%v, %v), want %d in %d", cand, term, err, err2, b.voteFor, b.voteTerm)
	}
}

// A crash between raft's two writes of a vote leaves the old vote whole.
func TestKillBetweenTheWritesOfAVote(t *testing.T) {
	path := tempPath(t)
	c := startChild(t, "voter", path)
	if line, ok := c.line(); !ok || line != "between" {
		t.Fatalf("the voter said %q", line)
	}
	c.kill()
	_ = c.cmd.Wait()
	s := open(t, path)
	(&ledger{voteTerm: 1, voteFor: 1}).checkVote(t, s, nil)
	if term, err := s.GetUint64([]byte("CurrentTerm")); term != 2 || err != nil {
		t.Errorf("term %d, %v, want 2", term, err)
	}
}
