package object

import (
	"context"
	"sync/atomic"
	"time"
)

// A patience counts how long one request has waited for the log. The time in
// which a body comes or goes is the client's and does not count.
type patience struct{ spent atomic.Int64 }

type patienceKey struct{}

// OneRequest returns a context whose calls of the Service are one request: they
// wait for the log no longer than Limits.Log in all. Calls with any other
// context are requests of their own.
func OneRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, new(patience))
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
