package replica

import (
	"context"
	"errors"
	"time"

	"bleepstore/reference/blob"
)

// maxLagging is how many Creates may go on after they have returned: each can
// hold queueLen chunks and more. Beyond that, who is late fetches the blob.
const maxLagging = 64

// linger lets the holders that are not durable yet go on, and sees to those
// that fail.
func (c *creation) linger() {
	wait := c.s.opt.Linger
	if c.s.lagging.Add(1) > maxLagging {
		wait = 0
	}
	finish := func() {
		c.s.lagging.Add(-1)
		c.cancel(nil)
		c.end()
	}
	if c.allGood() {
		finish()
		return
	}
	c.s.bg.Go(func() {
		timer := time.AfterFunc(wait, func() { c.cancel(errStalled) })
		defer timer.Stop()
		for c.open() > 0 && c.step(c.hurry()) == nil {
		}
		c.collect()
		deleted := context.Cause(c.ctx) == errDeleted
		finish()
		for _, f := range c.feeds {
			if !deleted {
				c.mend(f)
			}
		}
	})
}

func (c *creation) allGood() bool {
	for _, f := range c.feeds {
		if !c.same(f) {
			return false
		}
	}
	return true
}

// collect waits until every holder has ended.
func (c *creation) collect() {
	for range c.open() {
		c.report(<-c.results)
	}
}

// open counts the holders that have not ended.
func (c *creation) open() int {
	n := 0
	for _, f := range c.feeds {
		if !f.ended {
			n++
		}
	}
	return n
}

// mend sees to it that a holder without the blob gets it.
func (c *creation) mend(f *feed) {
	if c.same(f) || c.s.ctx.Err() != nil {
		return
	}
	if has(f) {
		c.s.opt.Logger.Error("a holder has other bytes of a new blob", "blob", c.id, "node", f.node, "got", f.info, "size", c.size, "crc", c.crc)
		c.s.erase(f.node, c.id)
	} else { // which is one line a Create while a node is down
		c.s.opt.Logger.Debug("a holder lacks a new blob", "blob", c.id, "node", f.node, "err", f.err)
	}
	if f.node != c.s.opt.Node {
		c.s.outbox.add(f.node, c.id)
		return
	}
	if errors.Is(f.err, blob.ErrSync) {
		c.s.opt.Failed(f.err)
	}
	c.s.urgent.add(c.id, false)
}

// undo lets every holder fail and removes what came into being all the same.
// It waits for that, but not for a holder that hangs.
func (c *creation) undo(out outcome) {
	for _, f := range c.feeds {
		f.fail(out.err)
	}
	c.cancel(out.err)
	done := make(chan struct{})
	c.s.bg.Go(func() {
		defer close(done)
		c.collect()
		for _, f := range c.feeds {
			keep := errors.Is(out.err, blob.ErrExists) && f.info == out.info
			if f.err == nil && !keep {
				c.s.erase(f.node, c.id)
			}
			if f.node == c.s.opt.Node && errors.Is(f.err, blob.ErrSync) && !errors.Is(out.err, blob.ErrSync) {
				c.s.opt.Failed(f.err)
			}
		}
		c.end()
	})
	timer := time.NewTimer(c.s.opt.Stall)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// erase removes a copy that nobody asked for, as well as it can: what is left
// is garbage to the sweeper of that node.
func (s *Store) erase(node string, id blob.ID) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opt.Stall)
	defer cancel()
	var err error
	if node == s.opt.Node {
		err = s.Local().Delete(ctx, id)
	} else {
		err = s.opt.Peers.Delete(ctx, node, []blob.ID{id})
	}
	if err != nil && ctx.Err() == nil {
		s.opt.Logger.Warn("a copy was not removed", "blob", id, "node", node, "err", err)
	}
}
