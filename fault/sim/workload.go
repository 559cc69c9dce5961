package sim

import (
	"context"
	"math/rand/v2"
	"time"

	"bleepstore/conformance/history"
)

// A workload is what some of the clients do, and how that is judged.
type workload struct {
	name, rule, model string
	clients           int
	live, group       int // holdings at a time, and their keys
	move              func(ctx context.Context, c *client, h *holding)
}

// workloads run together.
var workloads = []workload{
	{name: "register", rule: "Z-01", model: "register", clients: 4, live: 3, group: 1, move: registerMove},
	{name: "cas", rule: "Z-05", model: "cas", clients: 3, live: 2, group: 1, move: casMove},
	{name: "list", rule: "Z-08", model: "list", clients: 2, live: 1, group: 4, move: listMove},
}

// think is the mean time between two operations of a client.
const think = 220 * time.Millisecond

// size draws the size of a body: most live beside the metadata, some are blobs.
func size(r *rand.Rand) int64 {
	if r.IntN(8) == 0 {
		return 17<<10 + r.Int64N(32<<10)
	}
	return 32 + r.Int64N(200)
}

func registerMove(ctx context.Context, c *client, h *holding) {
	key := h.keys[0]
	switch p := c.rand.IntN(100); {
	case p < 40:
		c.put(ctx, h, key, size(c.rand), history.Arg{})
	case p < 80:
		c.get(ctx, h, key, false)
	case p < 92:
		c.get(ctx, h, key, true)
	default:
		c.remove(ctx, h, key, history.Arg{})
	}
}

func casMove(ctx context.Context, c *client, h *holding) {
	key := h.keys[0]
	switch p := c.rand.IntN(100); {
	case p < 15:
		c.put(ctx, h, key, size(c.rand), history.Arg{IfNoneMatch: "*"})
	case p < 45:
		if etag := c.seen[key]; etag != "" {
			c.put(ctx, h, key, size(c.rand), history.Arg{IfMatch: etag})
			return
		}
		fallthrough
	case p < 85:
		c.get(ctx, h, key, false)
	case p < 95:
		c.put(ctx, h, key, size(c.rand), history.Arg{})
	default:
		c.remove(ctx, h, key, history.Arg{})
	}
}

func listMove(ctx context.Context, c *client, h *holding) {
	key := h.keys[c.rand.IntN(len(h.keys))]
	switch p := c.rand.IntN(100); {
	case p < 40:
		c.list(ctx, h)
	case p < 75:
		c.put(ctx, h, key, 32+c.rand.Int64N(200), history.Arg{})
	default:
		c.remove(ctx, h, key, history.Arg{})
	}
}

// roam lets a client make moves until over is closed, on one holding after the
// other. After an unclear write it reads the key, as somebody else.
func (c *client) roam(ctx context.Context, p *pool, over <-chan struct{}) {
	done := func() bool {
		select {
		case <-over:
			return true
		default:
			return ctx.Err() != nil
		}
	}
	sleep(over, time.Duration(c.n+1)*7919*time.Microsecond+time.Duration(c.rand.Int64N(int64(time.Millisecond)))) // nobody at the same time
	for !done() {
		h := p.take(c.rand)
		for stay := 20 + c.rand.IntN(60); stay > 0 && !h.worn() && !done(); stay-- {
			c.work.move(ctx, c, h)
			c.settle(ctx, h)
			sleep(over, think/2+time.Duration(c.rand.Int64N(int64(think))))
		}
		p.leave(h)
	}
}

// settle reads the key of a write that ended unclear.
func (c *client) settle(ctx context.Context, h *holding) {
	if key := c.doubt; key != "" {
		c.doubt = ""
		c.look(ctx, h, key)
	}
}

// look reads what the workload reads.
func (c *client) look(ctx context.Context, h *holding, key string) history.Op {
	if c.work.model == "list" {
		return c.list(ctx, h)
	}
	return c.get(ctx, h, key, false)
}
