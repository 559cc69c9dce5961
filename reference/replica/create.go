package replica

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	"github.com/minio/crc64nvme"
)

// A creation is one Create: it reads the body once and feeds it to all holders.
// Its fields belong to the goroutine of Create, and behind its return to that
// of linger or undo.
type creation struct {
	s       *Store
	id      blob.ID
	size    int64
	began   time.Time
	ctx     context.Context
	cancel  context.CancelCauseFunc
	end     func() // takes it out of Store.running
	feeds   []*feed
	wake    chan struct{} // a feed wants bytes or has room
	results chan *feed    // feeds whose holder has ended
	crc     uint64        // of what was read
	whole   bool          // the body has ended
	waited  time.Duration // for a minority of the holders
}

// Create streams r to all holders at once and returns when a majority of them
// is durable. What the others lack then goes on in the background, or they are
// told to fetch it.
//
// It fails with blob.ErrFull if holders without space made the difference, and
// with blob.ErrUnavailable if too few holders could take the blob for other
// reasons, or if the members changed meanwhile and those that took it are no
// majority of who shall hold it now. A blob.ErrSync is always that of this node. When a majority has the
// blob already Create returns blob.ErrExists, and may have read from r.
func (s *Store) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if err := blob.CheckNew(id, size); err != nil {
		return blob.Info{}, err
	}
	release, err := s.claims.Acquire(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	defer release()
	s.rest(ctx, id)

	to := holders(id, s.opt.Members())
	if len(to) == 0 {
		return blob.Info{}, fmt.Errorf("create blob: %s: %w: no voter is known", id, blob.ErrUnavailable)
	}
	if len(to) == 1 && to[0] == s.opt.Node {
		return s.createAlone(ctx, id, r, size)
	}
	c := s.begin(id, size, to)
	stop := context.AfterFunc(ctx, func() { c.cancel(context.Cause(ctx)) })
	out := c.run(ctx, block.NewBody(r, size))
	stop()
	fault.Point("copies.majority")
	if out.err == nil {
		c.linger()
	} else {
		c.undo(out)
	}
	return out.info, out.err
}

// createAlone is Create where this node is the only holder.
func (s *Store) createAlone(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	info, err := s.opt.Local.Create(ctx, id, r, size)
	if err == nil && !s.enough(id, []string{s.opt.Node}) {
		s.erase(s.opt.Node, id)
		return blob.Info{}, fmt.Errorf("create blob: %s: %w: %w", id, blob.ErrUnavailable, errMoved)
	}
	return info, err
}

// rest waits until nothing goes on behind an earlier Create of id, within
// bounds: two of them at once could divide the holders between them.
func (s *Store) rest(ctx context.Context, id blob.ID) {
	if len(s.running.of(id)) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Stall)
	defer cancel()
	s.running.wait(ctx, id)
}

// begin starts the holders; they wait for their first bytes.
func (s *Store) begin(id blob.ID, size int64, to []string) *creation {
	c := &creation{
		s: s, id: id, size: size, began: time.Now(),
		wake: make(chan struct{}, 1), results: make(chan *feed, len(to)),
	}
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	c.end = s.running.begin(id, func() { c.cancel(errDeleted) })
	if at := slices.Index(to, s.opt.Node); at > 0 {
		to[0], to[at] = to[at], to[0] // its own disk needs no network
	}
	for _, node := range to {
		f := newFeed(node, c.wake)
		ctx, cancel := context.WithCancel(c.ctx)
		f.cancel = cancel
		c.feeds = append(c.feeds, f)
		s.bg.Go(func() { c.hold(ctx, f) })
	}
	return c
}

// hold lets a holder read its feed, and reports how it ended.
func (c *creation) hold(ctx context.Context, f *feed) {
	// A feed that waits for bytes must end with its context.
	stop := context.AfterFunc(ctx, func() { f.fail(context.Cause(ctx)) })
	if f.node == c.s.opt.Node {
		f.info, f.err = c.s.opt.Local.Create(ctx, c.id, f, c.size)
	} else {
		f.info, f.err = c.s.opt.Peers.Create(ctx, f.node, c.id, f, c.size)
	}
	stop()
	f.fail(errFeedClosed)
	f.cancel()
	c.results <- f
}

// run returns when the outcome is certain.
func (c *creation) run(ctx context.Context, body *block.Body) outcome {
	err := c.pump(ctx, body)
	for err == nil {
		if out := c.decided(); out != nil {
			return *out
		}
		err = c.step(c.hurry())
	}
	return outcome{err: fmt.Errorf("create blob: %w", err)}
}

// pump hands the body to the feeds. It returns nil when all is handed out or
// the outcome is certain before.
func (c *creation) pump(ctx context.Context, body *block.Body) error {
	for !slices.ContainsFunc(c.feeds, (*feed).wants) {
		if c.verdict() != nil {
			return nil
		}
		wait := c.s.opt.Stall - time.Since(c.began)
		if wait <= 0 {
			c.dropAll(c.feeds)
			continue
		}
		if err := c.step(wait); err != nil {
			return err
		}
	}
	for body.Left() > 0 {
		ch := newChunk(body.Left())
		if _, err := body.Next(ctx, ch.data); err != nil {
			ch.release()
			return err
		}
		c.crc = crc64nvme.Update(c.crc, ch.data)
		if body.Left() == 0 { // nobody may hold all bytes before the body has ended
			if err := c.close(ctx, body); err != nil {
				ch.release()
				return err
			}
		}
		err := c.offer(ch)
		ch.release()
		if err != nil || c.verdict() != nil {
			return err
		}
	}
	if err := c.close(ctx, body); err != nil {
		return err
	}
	for _, f := range c.feeds {
		f.finish()
	}
	return nil
}

// close makes sure that the body ends where it should.
func (c *creation) close(ctx context.Context, body *block.Body) error {
	if c.whole {
		return nil
	}
	if _, err := body.Next(ctx, nil); err != io.EOF {
		return err
	}
	c.whole = true
	return nil
}

// offer gives ch to every holder that is still at work, and waits for those
// that have no room within the bounds of patience.
func (c *creation) offer(ch *chunk) error {
	began := time.Now()
	pending := slices.Clone(c.feeds)
	for {
		pending = slices.DeleteFunc(pending, func(f *feed) bool { return f.ended || f.dropped || f.push(ch) })
		if len(pending) == 0 || c.verdict() != nil {
			return nil
		}
		rest := c.live()-len(pending) >= c.need() // the others are enough
		wait := c.s.opt.Stall
		for _, f := range pending {
			left := c.patience(f, rest) - time.Since(began)
			if left <= 0 {
				c.drop(f)
			}
			wait = min(wait, left)
		}
		if wait <= 0 {
			continue
		}
		now := time.Now()
		if err := c.step(wait); err != nil {
			return err
		}
		if rest {
			c.waited += time.Since(now)
		}
	}
}

// patience is how long f may keep the body waiting for room. Where the others
// are enough, all such waits together may about double the time of a Create and
// add Stall to it, and one that failed of late is not waited for.
func (c *creation) patience(f *feed, rest bool) time.Duration {
	switch {
	case !rest:
		return c.s.opt.Stall
	case c.s.health.suspect(f.node):
		return 0
	}
	return min(c.s.opt.Stall, c.s.opt.Stall+time.Since(c.began)/2-c.waited)
}

// step waits until something happens, at most for wait.
func (c *creation) step(wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-c.wake:
	case f := <-c.results:
		c.report(f)
	case <-timer.C:
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
	return nil
}
