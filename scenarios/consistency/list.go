package consistency

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

const saysList = "A listing MUST show, as they are, all objects whose PUT was acknowledged before it began, and none whose DELETE was"

// listAtomic has few keys under a prefix, so that one page shows them all and can
// be judged as one read of them.
var listAtomic = Workload{
	Name: "list", Rule: "Z-05", Ref: refModel, Model: "list-atomic",
	Says:    saysList + ", whatever is written meanwhile.",
	Needs:   []Feature{Objects, Listing},
	Clients: 8, Keys: 6, Group: 6, Together: true, Wear: 600,
	Moves: listMoves(1000),
	Last: func(ctx context.Context, c *client, h *holding) {
		for range 10 {
			if c.list(ctx, h, h.prefix+"/", 1000) || ctx.Err() != nil {
				return
			}
		}
	},
}

// listPages has more keys than a page holds: what is deleted must not come back
// on a later page, and no key may stand on two.
var listPages = Workload{
	Name: "list-pages", Rule: "Z-06", Ref: refModel, Model: "list",
	Says:    saysList + ", also on pages that are got by a token.",
	Needs:   []Feature{Objects, Listing},
	Clients: 8, Keys: 4, Group: 24, Wear: maxWear,
	Moves: listMoves(7),
	Last: func(ctx context.Context, c *client, h *holding) {
		for range 10 {
			if c.list(ctx, h, h.prefix+"/", 7) || ctx.Err() != nil {
				return
			}
		}
	},
}

func listMoves(limit int) []Move {
	one := func(c *client, h *holding) string { return h.keys[c.rand.IntN(len(h.keys))] }
	return []Move{
		{"put", 40, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, one(c, h), c.small(), history.Arg{})
		}},
		{"delete", 25, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, one(c, h), history.Arg{}) }},
		{"list", 35, func(ctx context.Context, c *client, h *holding) { c.list(ctx, h, h.prefix+"/", limit) }},
	}
}

// listSet grows one large set, each key put once, while others list all of it.
var listSet = Workload{
	Name: "list-set", Rule: "Z-05", Ref: refModel, Model: "set",
	Says:    saysList + ", however many they are.",
	Needs:   []Feature{Objects, Listing},
	Clients: 8, Keys: 2, Wear: maxWear,
	Drive: grow,
	Last: func(ctx context.Context, c *client, h *holding) {
		for range 10 {
			if c.list(ctx, h, h.prefix+"/", 1000) || ctx.Err() != nil {
				return
			}
		}
	},
}

// setKeys and setEntries bound the set and what listings show of it in all.
const (
	setKeys    = 10000
	setEntries = 120000
)

// grow lets two clients list while the others add, until there are keys enough,
// and after a listing more. From then on all of them read what is there, for as
// long as the run lasts.
func grow(ctx context.Context, r *run) {
	h := r.pool.open(r.Name + "/set")
	h.keys = h.keys[:0]
	var adders, listers sync.WaitGroup
	var next, shown atomic.Int64
	var full atomic.Bool
	for n := range r.Clients {
		c := r.client(n)
		if n < 2 {
			listers.Go(func() {
				for last := false; !last && !r.over(ctx) && shown.Load() < setEntries; {
					last = full.Load()
					c.list(ctx, h, h.prefix+"/", 1000)
					shown.Add(next.Load())
					c.think(ctx)
				}
			})
			continue
		}
		adders.Go(func() {
			for !r.over(ctx) {
				i := next.Add(1)
				if i > setKeys {
					return
				}
				key := fmt.Sprintf("%s/%06d", h.prefix, i*7919%setKeys) // not in the order of names
				r.pool.add(h, key)
				c.put(ctx, h, key, c.small(), history.Arg{})
				if c.doubt != "" {
					c.doubt = ""
					c.get(ctx, h, key)
				}
				c.think(ctx)
			}
		})
	}
	adders.Wait()
	full.Store(true)
	listers.Wait()
	revisit(ctx, r, h)
}

// revisits is the mean pause of a client between two reads of a set that is full:
// they are to tell when something is lost, not to keep the server busy.
const revisits = 50 * time.Millisecond

// revisit reads one key after the other of a set that grows no more.
func revisit(ctx context.Context, r *run, h *holding) {
	var readers sync.WaitGroup
	for n := range r.Clients {
		c := r.client(n)
		readers.Go(func() {
			for len(h.keys) > 0 && !r.over(ctx) {
				c.get(ctx, h, h.keys[c.rand.IntN(len(h.keys))])
				c.idle(ctx, revisits)
			}
		})
	}
	readers.Wait()
}
