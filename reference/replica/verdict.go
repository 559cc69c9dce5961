package replica

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bleepstore/reference/blob"
)

var (
	errStalled = errors.New("it takes nothing")
	errDiffers = errors.New("it holds other bytes")
	errDeleted = errors.New("the blob was deleted")
	errMoved   = errors.New("its holders have become others meanwhile")
)

// settleRate is how many bytes a second a holder makes durable at least.
const settleRate = 16 << 20

// outcome is what Create returns.
type outcome struct {
	info blob.Info
	err  error
}

// need is a majority of the holders.
func (c *creation) need() int { return len(c.feeds)/2 + 1 }

// live counts the holders that may still become durable or are.
func (c *creation) live() int {
	n := 0
	for _, f := range c.feeds {
		if f.ended && has(f) || !f.ended && !f.dropped {
			n++
		}
	}
	return n
}

// has says whether the holder, which has ended, has a whole blob of that id.
func has(f *feed) bool { return f.err == nil || errors.Is(f.err, blob.ErrExists) }

// same says whether the holder has the bytes that were read.
func (c *creation) same(f *feed) bool {
	return f.ended && has(f) && f.info.Size == c.size && f.info.CRC == c.crc
}

// verdict returns what Create shall return, nil while that is not certain.
func (c *creation) verdict() *outcome {
	possible, durable, full := 0, 0, 0
	var failed []string
	there := map[blob.Info]int{} // by holders that had it before
	for _, f := range c.feeds {
		if !f.ended && !f.dropped {
			possible++
			continue
		}
		err := errStalled
		if f.ended {
			err = f.err // which before belongs to hold
		}
		switch {
		case !f.ended:
		case has(f):
			if err != nil {
				there[f.info]++
			}
			if there[f.info] >= c.need() {
				return &outcome{f.info, fmt.Errorf("create blob: %s: %w", c.id, blob.ErrExists)}
			}
			if !c.whole {
				possible++
				continue
			}
			if c.same(f) {
				durable++
				continue
			}
			err = errDiffers
		case f.node == c.s.opt.Node && errors.Is(err, blob.ErrSync):
			return &outcome{err: fmt.Errorf("create blob: %w", err)}
		case errors.Is(err, blob.ErrFull):
			full++
		}
		failed = append(failed, fmt.Sprintf("%s: %v", f.node, err))
	}
	if c.whole && durable >= c.need() {
		return &outcome{info: blob.Info{ID: c.id, Size: c.size, CRC: c.crc}}
	}
	if possible+durable >= c.need() {
		return nil
	}
	err := blob.ErrUnavailable
	if possible+durable+full >= c.need() {
		err = blob.ErrFull
	}
	return &outcome{err: fmt.Errorf("create blob: %s: %w: %d of %d holders failed: %s",
		c.id, err, len(failed), len(c.feeds), strings.Join(failed, "; "))}
}

// decided is verdict, but counts a success only by who shall hold the blob now.
func (c *creation) decided() *outcome {
	out := c.verdict()
	if out == nil || out.err != nil || c.s.enough(c.id, c.durable()) {
		return out
	}
	for _, f := range c.feeds {
		if !f.ended && !f.dropped { // it may make the difference
			return nil
		}
	}
	return &outcome{err: fmt.Errorf("create blob: %s: %w: %w", c.id, blob.ErrUnavailable, errMoved)}
}

// durable returns the nodes that have the blob as it was read.
func (c *creation) durable() (nodes []string) {
	for _, f := range c.feeds {
		if c.same(f) {
			nodes = append(nodes, f.node)
		}
	}
	return nodes
}

// enough says whether nodes are a majority of the holders as of now: a body can
// take long, and its holders may not be members any more.
func (s *Store) enough(id blob.ID, nodes []string) bool {
	to, n := holders(id, s.opt.Members()), 0
	for _, node := range to {
		if slices.Contains(nodes, node) {
			n++
		}
	}
	return n > len(to)/2
}

// report takes note of a holder that has ended.
func (c *creation) report(f *feed) {
	f.ended = true
	if f.node == c.s.opt.Node || f.dropped || c.ctx.Err() != nil {
		return
	}
	c.s.heard(f.node, f.err)
}

// drop gives a holder up.
func (c *creation) drop(f *feed) {
	f.dropped = true
	f.fail(errStalled)
	f.cancel()
	if f.node != c.s.opt.Node {
		c.s.health.fail(f.node)
	}
}

func (c *creation) dropAll(feeds []*feed) {
	for _, f := range feeds {
		if !f.ended && !f.dropped {
			c.drop(f)
		}
	}
}

// hurry drops the holders that do nothing though they have what they need, and
// returns when to look again.
func (c *creation) hurry() time.Duration {
	settle := c.s.opt.Settle + time.Duration(c.size/settleRate)*time.Second
	wait := c.s.opt.Stall
	for _, f := range c.feeds {
		if f.ended || f.dropped {
			continue
		}
		idle, drained := f.idle()
		left := c.s.opt.Stall - idle
		if drained {
			left = settle - idle
		}
		if left <= 0 {
			c.drop(f)
		}
		wait = min(wait, max(left, 0))
	}
	return wait
}

// heard notes what an answer, or its absence, tells about node.
func (s *Store) heard(node string, err error) {
	if err == nil || answered(err) {
		s.health.answer(node)
	} else {
		s.health.fail(node)
	}
}

// answered says whether err is what a store says, not that none was reached.
func answered(err error) bool {
	for _, e := range []error{blob.ErrNotFound, blob.ErrExists, blob.ErrSize, blob.ErrRange, blob.ErrCorrupt, blob.ErrFull, blob.ErrID} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
