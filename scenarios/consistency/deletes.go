package consistency

import (
	"context"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// deletes deletes keys, one at a time and many at once, that others put back.
var deletes = Workload{
	Name:    "delete",
	Rule:    "Z-10",
	Says:    "What a DELETE or a DeleteObjects acknowledged MUST not be read any more, and a PUT that came later MUST, key by key.",
	Ref:     refModel,
	Model:   "delete",
	Needs:   []Feature{Objects},
	Clients: 8, Keys: 6, Group: 4, Wear: maxWear,
	Moves: []Move{
		{"put", 45, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[c.rand.IntN(len(h.keys))], c.small(), history.Arg{})
		}},
		{"get", 30, func(ctx context.Context, c *client, h *holding) {
			c.get(ctx, h, h.keys[c.rand.IntN(len(h.keys))])
		}},
		{"delete", 12, func(ctx context.Context, c *client, h *holding) {
			c.remove(ctx, h, h.keys[c.rand.IntN(len(h.keys))], history.Arg{})
		}},
		{"delete-objects", 13, func(ctx context.Context, c *client, h *holding) {
			from := c.rand.IntN(len(h.keys) - 1)
			c.removeAll(ctx, h, h.keys[from:from+2+c.rand.IntN(len(h.keys)-from-1)])
		}},
	},
}
