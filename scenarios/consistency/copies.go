package consistency

import (
	"context"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// copies copies a key while it is overwritten, there and back.
var copies = Workload{
	Name:    "copy",
	Rule:    "Z-11",
	Says:    "A copy of a key that is overwritten meanwhile MUST be of one version whole, body and metadata, and no older than the last write acknowledged before it began.",
	Ref:     refModel,
	Model:   "copy",
	Needs:   []Feature{Objects, Copy},
	Clients: 8, Keys: 6, Group: 2, Together: true, Wear: 600,
	Moves: []Move{
		{"put", 35, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[c.rand.IntN(2)], c.small(), history.Arg{})
		}},
		{"copy", 25, func(ctx context.Context, c *client, h *holding) {
			from := c.rand.IntN(2)
			c.copy(ctx, h, h.keys[from], h.keys[1-from])
		}},
		{"get", 30, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[c.rand.IntN(2)]) }},
		{"head", 5, func(ctx context.Context, c *client, h *holding) {
			c.read(ctx, h, history.Op{Kind: history.Head, Key: h.keys[c.rand.IntN(2)]})
		}},
		{"delete", 5, func(ctx context.Context, c *client, h *holding) {
			c.remove(ctx, h, h.keys[c.rand.IntN(2)], history.Arg{})
		}},
	},
}
