package simnet

import (
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"
)

// window is how much may be under way in one direction of a connection.
const window = 256 << 10

// A flow is one direction of a connection. Net.mu guards it, but for the turns
// of its waiters.
type flow struct {
	n        *Net
	link     *link
	from, to *conn
	draws    *rand.Rand
	reader   waiter
	writer   waiter

	chunks    []chunk // under way, or arrived and not yet read
	size      int     // of them
	last      time.Time
	swallowed bool // some of it was, on its way
	end       mark // nothing more is written
	reset     mark // after which the reader learns that the connection is broken
}

// A chunk arrives whole.
type chunk struct {
	data []byte
	at   time.Time // zero: it is held back
}

// A mark is a message that needs no room.
type mark struct {
	sent bool
	at   time.Time // zero: it is held back
}

func (m mark) here(now time.Time) bool { return m.sent && !m.at.IsZero() && !now.Before(m.at) }

// next is the earlier of at, where that is not zero, and of when the mark comes.
func (m mark) next(now, at time.Time) time.Time {
	if m.at.After(now) && (at.IsZero() || m.at.Before(at)) {
		return m.at
	}
	return at
}

func (f *flow) marks() []*mark { return []*mark{&f.end, &f.reset} }

func (n *Net) newFlow(l *link, from, to *conn) *flow {
	f := &flow{n: n, link: l, from: from, to: to, draws: l.draws(n.seed), reader: newWaiter(), writer: newWaiter()}
	l.flows = append(l.flows, f)
	return f
}

// drop forgets the flow once neither side uses it.
func (f *flow) drop() {
	if i := slices.Index(f.link.flows, f); i >= 0 {
		f.link.flows = slices.Delete(f.link.flows, i, i+1)
	}
}

// stamp says when what leaves now arrives; zero: it is held back.
func (f *flow) stamp(now time.Time, size int) time.Time {
	if f.link.holds() {
		return time.Time{}
	}
	f.last = f.link.arrival(now, f.last, size, f.draws)
	return f.last
}

// stall holds back what has not arrived.
func (f *flow) stall(now time.Time) {
	for i := range f.chunks {
		if f.chunks[i].at.After(now) {
			f.chunks[i].at = time.Time{}
		}
	}
	for _, m := range f.marks() {
		if m.at.After(now) {
			m.at = time.Time{}
		}
	}
}

// release sends what was held back, unless something else holds it: up to late
// from now, when the sender tries again.
func (f *flow) release(now time.Time, late time.Duration) {
	if f.link.holds() {
		return
	}
	if late > 0 {
		now = now.Add(time.Duration(f.draws.Int64N(int64(late))))
	}
	for i := range f.chunks {
		if c := &f.chunks[i]; c.at.IsZero() {
			c.at = f.stamp(now, len(c.data))
		}
	}
	for _, m := range f.marks() {
		if m.sent && m.at.IsZero() && !f.swallowed {
			m.at = f.stamp(now, 0)
		}
	}
	f.reader.poke()
	f.back().writer.poke()
}

// read is that of the conn at the far end.
func (f *flow) read(p []byte) (int, error) {
	f.reader.take()
	defer f.reader.leave()
	for {
		f.n.mu.Lock()
		f.reader.waiting = false
		now := time.Now()
		k, err := f.take(p, now)
		if k > 0 || err != nil || len(p) == 0 {
			f.n.mu.Unlock()
			return k, err
		}
		f.reader.prepare(now, f.next(now))
		f.n.mu.Unlock()
		f.reader.wait()
	}
}

// take moves what has arrived into p. Nothing and no error: not yet.
func (f *flow) take(p []byte, now time.Time) (k int, err error) {
	switch {
	case f.to.err != nil:
		return 0, f.to.err
	case f.reader.late(now):
		return 0, os.ErrDeadlineExceeded
	case f.link.to.paused:
		return 0, nil
	}
	if most := f.link.trouble.Slice; most > 0 && most < len(p) {
		p = p[:most]
	}
	for k < len(p) && len(f.chunks) > 0 {
		c := &f.chunks[0]
		if c.at.IsZero() || c.at.After(now) {
			break
		}
		m := copy(p[k:], c.data)
		k, c.data = k+m, c.data[m:]
		if len(c.data) == 0 {
			f.shift()
		}
	}
	switch {
	case k > 0:
		f.size -= k
		f.writer.poke()
	case f.reset.here(now):
		err = syscall.ECONNRESET
	case len(f.chunks) == 0 && f.end.here(now):
		err = io.EOF
	}
	return k, err
}

func (f *flow) shift() {
	f.chunks[0] = chunk{}
	if f.chunks = f.chunks[1:]; len(f.chunks) == 0 {
		f.chunks = nil
	}
}

// next is when the reader should look again; zero: when it is told.
func (f *flow) next(now time.Time) time.Time {
	var at time.Time
	if len(f.chunks) > 0 && f.chunks[0].at.After(now) {
		at = f.chunks[0].at
	}
	if len(f.chunks) == 0 {
		at = f.end.next(now, at)
	}
	return f.reset.next(now, at)
}

// write is that of the conn at the near end; it waits while the window is full.
func (f *flow) write(p []byte) (done int, err error) {
	f.writer.take()
	defer f.writer.leave()
	for {
		f.n.mu.Lock()
		f.writer.waiting = false
		now := time.Now()
		k, err := f.put(p[done:], now)
		done += k
		if err != nil || done == len(p) {
			f.n.mu.Unlock()
			return done, err
		}
		back := f.back()
		f.writer.prepare(now, back.reset.next(now, back.end.next(now, time.Time{})))
		f.n.mu.Unlock()
		f.writer.wait()
	}
}

// back is the other direction.
func (f *flow) back() *flow { return f.from.in }

// put sends as much of p as there is room for.
func (f *flow) put(p []byte, now time.Time) (int, error) {
	switch {
	case f.from.err != nil:
		return 0, f.from.err
	case f.end.sent:
		return 0, syscall.EPIPE
	case f.writer.late(now):
		return 0, os.ErrDeadlineExceeded
	case f.back().reset.here(now):
		return 0, syscall.ECONNRESET
	case f.to.err != nil && f.back().end.here(now): // nobody reads
		return 0, syscall.EPIPE
	}
	if f.link.trouble.HalfOpen {
		f.swallowed = true
	}
	if f.swallowed {
		return len(p), nil
	}
	k := min(len(p), window-f.size)
	if k <= 0 {
		return 0, nil
	}
	f.n.messages++
	at := f.stamp(now, k)
	f.chunks = append(f.chunks, chunk{data: slices.Clone(p[:k]), at: at})
	f.size += k
	if len(f.chunks) == 1 && !at.IsZero() {
		f.reader.rouse(now, at)
	}
	return k, nil
}

// finish tells the reader that this was all.
func (f *flow) finish(now time.Time) { f.send(&f.end, now) }

// breakUp lets the reader find the connection broken.
func (f *flow) breakUp(now time.Time) { f.send(&f.reset, now) }

func (f *flow) send(m *mark, now time.Time) {
	if m.sent {
		return
	}
	m.sent = true
	if f.link.trouble.HalfOpen {
		f.swallowed = true
	}
	if !f.swallowed {
		m.at = f.stamp(now, 0)
	}
	f.reader.poke()
	f.writer.poke()
	f.back().writer.poke()
}
