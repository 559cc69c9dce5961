package object

import (
	"context"
	"sync/atomic"
	"time"
)

// A patience counts how long one request has waited for the log. The time in
// which a body comes or goes is the client's and does not count.
type patience struct {
	spent atomic.Int64
	// index is where the request reads, once it has asked the log: whatever was
	// acknowledged before it came is there. 0: it has not asked.
	index atomic.Uint64
}

type patienceKey struct{}

// OneRequest returns a context whose calls of the Service are one request: they
// ask the log once where to read, and wait for it no longer than Limits.Log in
// all. Calls with any other context are requests of their own.
func OneRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, new(patience))
}

// readIndex asks the log where ctx's request must read, or returns what it was
// told before.
func (s *Service) readIndex(ctx context.Context) (uint64, error) {
	p, _ := ctx.Value(patienceKey{}).(*patience)
	if p != nil && p.index.Load() > 0 {
		return p.index.Load(), nil
	}
	index, err := s.log.ReadIndex(ctx)
	if err == nil && p != nil {
		p.index.Store(index)
	}
	return index, err
}

// readAnew has ctx's request ask again: what it has read is gone meanwhile.
func readAnew(ctx context.Context) {
	if p, _ := ctx.Value(patienceKey{}).(*patience); p != nil {
		p.index.Store(0)
	}
}

// lastWord is the share of Limits.Log that reads leave for a proposal: one that
// is given up at once would be refused at best, and unclear at worst.
const lastWord = 5

// waitForLog bounds one wait of ctx's request; keep is not to be used up. done
// must be called when the wait is over.
func (s *Service) waitForLog(ctx context.Context, keep time.Duration) (_ context.Context, done func()) {
	p, _ := ctx.Value(patienceKey{}).(*patience)
	if p == nil {
		p = new(patience)
	}
	began := time.Now() // contexts know no other clock
	ctx, cancel := context.WithDeadline(ctx, began.Add(s.limits.Log-keep-time.Duration(p.spent.Load())))
	return ctx, func() {
		cancel()
		p.spent.Add(int64(time.Since(began)))
	}
}
