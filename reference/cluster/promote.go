package cluster

import (
	"time"

	"github.com/hashicorp/raft"
)

// A chase is a non-voter's way to what was committed when it began.
type chase struct {
	target uint64
	began  time.Time
}

// promote makes voters of non-voters while this node leads, one after the other.
func (r *Raft) promote(election time.Duration) {
	chases := map[string]*chase{}
	for tick := time.NewTicker(max(election/8, time.Millisecond)); ; {
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			tick.Stop()
			return
		}
		if r.raft.State() != raft.Leader || r.gone() != nil {
			clear(chases)
			continue
		}
		for _, m := range r.Members() {
			if m.Voter || !r.caughtUp(m, chases, election) {
				continue
			}
			delete(chases, m.ID)
			ctx, cancel := bound(r.ctx, r.o.ProposeTimeout)
			_ = r.ServeChange(ctx, Change{Kind: changePromote, ID: m.ID, Addr: m.Addr}) // or the next time
			cancel()
		}
	}
}

// caughtUp tells whether a non-voter would hold nobody up as a voter: within an
// election timeout it has applied what was committed at the beginning of that,
// it hears this node as its leader, and it has its blobs.
func (r *Raft) caughtUp(m Member, chases map[string]*chase, election time.Duration) bool {
	ctx, cancel := bound(r.ctx, min(r.o.RoundTimeout, election))
	defer cancel()
	c := chases[m.ID]
	if c == nil {
		c = &chase{r.raft.CommitIndex(), time.Now()}
		chases[m.ID] = c
	}
	term := r.raft.CurrentTerm()
	s, err := r.o.Peers.Status(ctx, m.ID, true)
	switch {
	case err != nil, s.Cluster != r.o.Cluster, s.ID != m.ID, s.Leader != r.o.Node, s.Term != term:
		return false
	case s.Applied < c.target:
		return false
	case time.Since(c.began) > election, !s.Blobs.Complete: // that was long ago
		delete(chases, m.ID)
		return false
	}
	return s.LastContactMS >= 0 && s.LastContactMS <= election.Milliseconds()
}
