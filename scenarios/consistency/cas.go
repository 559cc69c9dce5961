package consistency

import (
	"context"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// cas is compare-and-swap, as locks and table formats use it.
var cas = Workload{
	Name:    "cas",
	Rule:    "Z-02",
	Says:    "Of concurrent writes with If-None-Match or If-Match on what was there before, only one MUST succeed, and what a refused one would have written MUST never be read.",
	Ref:     refWrites,
	Model:   "cas",
	Needs:   []Feature{Objects, ConditionalWrite},
	Clients: 8, Keys: 6, Wear: maxWear,
	Moves: []Move{
		{"swap", 40, func(ctx context.Context, c *client, h *holding) {
			if etag := c.tag(ctx, h); etag != "" {
				c.put(ctx, h, h.keys[0], c.small(), history.Arg{IfMatch: etag})
			} else {
				c.put(ctx, h, h.keys[0], c.small(), history.Arg{IfNoneMatch: "*"})
			}
		}},
		{"swap-stale", 10, func(ctx context.Context, c *client, h *holding) {
			if etag := c.seen[h.keys[0]]; etag != "" { // read some time ago
				c.put(ctx, h, h.keys[0], c.small(), history.Arg{IfMatch: etag})
			}
		}},
		{"create", 15, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[0], c.small(), history.Arg{IfNoneMatch: "*"})
		}},
		{"get", 15, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"put", 5, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[0], c.small(), history.Arg{})
		}},
		{"delete", 10, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
		{"delete-match", 5, func(ctx context.Context, c *client, h *holding) {
			if etag := c.tag(ctx, h); etag != "" {
				c.remove(ctx, h, h.keys[0], history.Arg{IfMatch: etag})
			}
		}},
	},
}

// tag reads the ETag of a holding's key, "" where there is no object.
func (c *client) tag(ctx context.Context, h *holding) string {
	op := c.read(ctx, h, history.Op{Kind: history.Head, Key: h.keys[0]})
	if op.Outcome != history.OK {
		return ""
	}
	return op.Result.ETag
}

// appends makes lists that each write copies and adds to: an element that was
// acknowledged and is gone is a lost update, whatever came later.
var appends = Workload{
	Name:    "append",
	Rule:    "Z-02",
	Says:    "What a write with If-Match adds to what it read MUST stay there through every later write of that kind, so that nothing acknowledged is lost.",
	Ref:     refWrites,
	Model:   "append",
	Needs:   []Feature{Objects, ConditionalWrite},
	Clients: 8, Keys: 6, Wear: 260, // lists grow, and with them the history by their square
	Moves: []Move{
		{"append", 80, func(ctx context.Context, c *client, h *holding) {
			read := c.get(ctx, h, h.keys[0])
			arg := history.Arg{IfNoneMatch: "*"}
			switch {
			case read.Outcome == history.OK && read.Result.Torn == "":
				arg = history.Arg{IfMatch: read.Result.ETag, Values: read.Result.Values[:len(read.Result.Values):len(read.Result.Values)]}
			case read.Outcome != history.Refused || read.Result.Status != 404:
				return
			}
			arg.Value = c.rec.Value()
			arg.Values = append(arg.Values, arg.Value)
			body := history.ListBody(arg.Values)
			arg.Size, arg.ETag = int64(len(body)), c.note(arg.Value, body, 0).etag
			c.store(ctx, h, h.keys[0], body, arg)
		}},
		{"get", 20, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
	},
}
