package s3

import "time"

// A deadliner is a connection's deadlines, as net/http's ResponseWriter has
// them (http.ResponseController finds them the same way).
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// rearm is how far a deadline may age before it is moved: moving it at every
// read or write would cost more than the small ones themselves.
const rearm = time.Second

// armWrite lets the client take until Limits.Idle from now for the next bytes,
// and until Limits.Download from the start for all of them. Errors are left to
// the write that follows.
func (q *request) armWrite() {
	d, ok := q.w.(deadliner)
	if !ok {
		return
	}
	now := q.h.cfg.Now()
	if now.Sub(q.armed) < rearm {
		return
	}
	q.armed = now
	limit := now.Add(q.h.limits.Idle)
	if last := q.start.Add(q.h.limits.Download); last.Before(limit) {
		limit = last
	}
	_ = d.SetWriteDeadline(limit)
}

// armRead lets the client take d from now for the next bytes of its body;
// 0 takes the deadline away.
func (q *request) armRead(d time.Duration) {
	c, ok := q.w.(deadliner)
	if !ok {
		return
	}
	var limit time.Time
	if d > 0 {
		limit = q.h.cfg.Now().Add(d)
	}
	_ = c.SetReadDeadline(limit)
}
