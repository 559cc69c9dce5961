package netns

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"bleepstore/fault"
)

// A line is where packets wait until they are due. The zero value is an empty
// one.
type line struct {
	waiting  due
	last     time.Time // when the one is due that was put last: no later one overtakes it
	idle     time.Time // when a narrow wire has sent everything
	sequence uint64
}

// How far one packet falls back that others overtake, and for how long a narrow
// wire keeps packets before it drops more.
const (
	setBack = 5 * time.Millisecond
	backlog = time.Second
)

type packet struct {
	at       time.Time
	sequence uint64
	bytes    []byte
}

// due is a heap of packets, the next one first.
type due []packet

func (d due) Len() int { return len(d) }
func (d due) Less(i, j int) bool {
	if !d[i].at.Equal(d[j].at) {
		return d[i].at.Before(d[j].at)
	}
	return d[i].sequence < d[j].sequence
}
func (d due) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *due) Push(p any)   { *d = append(*d, p.(packet)) }
func (d *due) Pop() any {
	last := (*d)[len(*d)-1]
	(*d)[len(*d)-1].bytes = nil
	*d = (*d)[:len(*d)-1]
	return last
}

// put puts a packet, or what becomes of it, in line, and says whether it is the
// first one now.
func (l *line) put(p []byte, now time.Time, t fault.NetTrouble, r *rand.Rand) (first bool) {
	at := now
	if t.Bandwidth > 0 {
		if l.idle.Sub(now) > backlog {
			return false // the queue is full
		}
		if l.idle.Before(now) {
			l.idle = now
		}
		l.idle = l.idle.Add(time.Duration(float64(len(p)-headroom) / float64(t.Bandwidth) * float64(time.Second)))
		at = l.idle
	}
	at = at.Add(t.Latency)
	if t.Jitter > 0 {
		at = at.Add(time.Duration(r.Int64N(int64(t.Jitter))))
	}
	if at.Before(l.last) {
		at = l.last
	}
	l.last = at
	if r.Float64() < t.Reorder {
		at = at.Add(setBack) // and last stays: those behind it come before
	}
	for range 1 + copies(r, t.Duplicate) {
		l.sequence++
		heap.Push(&l.waiting, packet{at, l.sequence, p})
	}
	return l.waiting[0].at.Equal(at)
}

func copies(r *rand.Rand, share float64) int {
	if r.Float64() < share {
		return 1
	}
	return 0
}

// next takes the first packet if it is due, and else says how long it is not.
func (l *line) next(now time.Time) ([]byte, time.Duration) {
	if len(l.waiting) == 0 {
		return nil, math.MaxInt64
	}
	if left := l.waiting[0].at.Sub(now); left > 0 {
		return nil, left
	}
	return l.pop(), 0
}

// pop takes the first packet, nil where there is none.
func (l *line) pop() []byte {
	if len(l.waiting) == 0 {
		return nil
	}
	return heap.Pop(&l.waiting).(packet).bytes
}
