package generate

import (
	"container/heap"
	"fmt"
)

// after lets something happen later, at a time that the clock can show.
func (s *sim) after(d int64, do func()) {
	s.seq++
	at := s.now + d
	if tick := s.o.Tick; tick > 0 {
		at -= at % int64(tick)
	}
	heap.Push(&s.queue, event{at: max(at, s.now), seq: s.seq, do: do})
}

// pick returns the index of one of the weights, by chance in their proportion.
func (s *sim) pick(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := s.r.IntN(sum)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic(fmt.Sprintf("nothing to pick from %v", weights))
}

// An event is something to do at a time; those of one time keep their order.
type event struct {
	at  int64
	seq int
	do  func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)   { *q = append(*q, e.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}
