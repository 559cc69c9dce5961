package simnet

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

const (
	leastDelay, mostDelay = 500 * time.Microsecond, 2 * time.Millisecond

	// retransmit is how long TCP waits for an acknowledgement, at least.
	retransmit = 200 * time.Millisecond
	// grain keeps arrivals on different links apart: each has its own nanosecond
	// within it.
	grain = 1024 * time.Nanosecond
)

// A link is one direction between two nodes. Net.mu guards it.
type link struct {
	edge     fault.Edge
	from, to *host
	phase    time.Duration
	trouble  fault.NetTrouble
	flows    []*flow   // open, oldest first
	opened   int       // flows ever
	free     time.Time // when what was sent will have left, where bandwidth is limited
}

// link returns that of an edge. n.mu is held.
func (n *Net) link(e fault.Edge) *link {
	l := n.links[e]
	if l == nil {
		l = &link{edge: e, from: n.host(e.From), to: n.host(e.To), phase: time.Duration(len(n.links)) % grain}
		n.links[e] = l
	}
	return l
}

// draws returns a stream of random numbers for the next flow of the link.
func (l *link) draws(seed uint64) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %d", l.edge.From, l.edge.To, l.opened)
	l.opened++
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// holds says whether nothing leaves for now, to be sent later.
func (l *link) holds() bool { return l.trouble.Cut || l.from.paused }

// arrival draws when size bytes that leave now arrive, not before after.
func (l *link) arrival(now, after time.Time, size int, r *rand.Rand) time.Time {
	t := &l.trouble
	at := now
	if t.Bandwidth > 0 {
		if l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(float64(size) / float64(t.Bandwidth) * float64(time.Second)))
		at = l.free
	}
	at = at.Add(leastDelay + time.Duration(r.Int64N(int64(mostDelay-leastDelay))) + t.Latency)
	if t.Jitter > 0 {
		at = at.Add(time.Duration(r.Int64N(int64(t.Jitter))))
	}
	if t.Loss > 0 {
		for wait := retransmit; r.Float64() < t.Loss && wait < 8*retransmit; wait *= 2 {
			at = at.Add(wait)
		}
	}
	at = at.Truncate(grain).Add(l.phase)
	for !at.After(after) {
		at = at.Add(grain)
	}
	return at
}
