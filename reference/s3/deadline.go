package s3

import (
	"io"
	"net/http"
	"time"

	"bleepstore/reference/errcode"
)

// A deadliner is a connection's deadlines, as net/http's ResponseWriter has
// them (http.ResponseController finds them the same way).
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// rearm is how far a deadline may age before it is moved: moving it at every
// read or write would cost more than the small ones themselves.
const rearm = time.Second

// Deadlines are set by the runtime's clock and not by Config.Now: a socket knows
// no other (in a synctest bubble both are the bubble's).

// armWrite lets the client take until Limits.Idle from now for the next bytes,
// and until Limits.Download from the first for all of them. Errors are left to
// the write that follows.
func (q *request) armWrite() {
	d, ok := q.w.(deadliner)
	if !ok {
		return
	}
	now := time.Now()
	switch {
	case q.armed.IsZero():
		q.lastWrite = now.Add(q.h.limits.Download)
	case now.Sub(q.armed) < rearm:
		return
	}
	q.armed = now
	limit := now.Add(q.h.limits.Idle)
	if q.lastWrite.Before(limit) {
		limit = q.lastWrite
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
		limit = time.Now().Add(d)
	}
	_ = c.SetReadDeadline(limit)
}

const (
	// maxDrain is the most bytes of an unread body that are read so that the
	// connection can live on; net/http would read no more either.
	maxDrain = 256 << 10
	// drainFor is how long the client may take to send them.
	drainFor = 5 * time.Second
	// maxLinger is the longest unread body that is read to its end behind a
	// refusal: closing a connection into which the client still writes resets
	// it, and the client would never see the answer.
	maxLinger = 32 << 20
)

// settleBody decides, before the header goes out, what becomes of the
// connection when the body was not read to its end: a small rest is drained by
// net/http, anything else closes the connection.
func (q *request) settleBody() {
	if q.r.ContentLength == 0 || q.received == q.r.ContentLength || q.bodyDone {
		return
	}
	left := q.r.ContentLength - q.received
	if c := q.failure; c != nil && (c.Code == errcode.RequestTimeout || c.Code == errcode.IncompleteBody) {
		q.set("Connection", "close")
		q.armRead(time.Nanosecond) // it has had its time
		return
	}
	if left < 0 || left > maxDrain {
		q.set("Connection", "close")
		// A client that asked first (Expect) sends nothing behind a refusal.
		q.lingers = left > 0 && left <= maxLinger && q.r.Header.Get("Expect") == ""
	}
	// Less than the write deadline, or there would be nobody to tell.
	q.armRead(min(drainFor, q.h.limits.Idle/2))
}

// linger reads what a refused client still sends, once it has the answer.
func (q *request) linger() {
	if !q.lingers || http.NewResponseController(q.w).Flush() != nil {
		return
	}
	q.armRead(drainFor)
	_, _ = io.CopyN(io.Discard, q.r.Body, maxLinger) // whatever stops it, the connection closes
}
