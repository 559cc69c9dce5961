package object

import (
	"sync/atomic"
	"time"

	"bleepstore/reference/errcode"
	"bleepstore/reference/lock"
)

// A budget bounds the bytes that requests hold at one time. What does not fit
// is refused rather than queued: clients of S3 retry a SlowDown, and a queue
// of bodies is memory too.
type budget struct {
	max  int64
	used atomic.Int64
}

// take reserves n bytes, to be given back by the release returned.
func (b *budget) take(n int64) (release func(), err error) {
	if b.used.Add(n) > b.max {
		b.used.Add(-n)
		return nil, errcode.New(errcode.SlowDown, "Please reduce your request rate.")
	}
	return func() { b.used.Add(-n) }, nil
}

// A spaceGauge refuses new bytes while the disk is nearly full, so that
// deletes and the log itself still find room. It asks at most once a second.
type spaceGauge struct {
	probe   func() (int64, error)
	reserve int64
	now     func() time.Time

	mu    lock.Lock // held by who asks
	asked time.Time
	full  bool
}

func (g *spaceGauge) check() error {
	if g.probe == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.now(); g.asked.IsZero() || t.Sub(g.asked) >= time.Second || t.Before(g.asked) {
		free, err := g.probe()
		// A disk that does not say how full it is says so when it is written.
		g.asked, g.full = t, err == nil && free < g.reserve
	}
	if g.full {
		return errcode.New(errcode.ServiceUnavailable, "The store is short of disk space.")
	}
	return nil
}
