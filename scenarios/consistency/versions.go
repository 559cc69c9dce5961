package consistency

import (
	"context"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// versions keeps every version, so that the bucket itself tells in which order a
// key was written, and which unclear writes happened (R6): nothing deletes one.
var versions = Workload{
	Name:    "versions",
	Rule:    "Z-07",
	Says:    "Every acknowledged write of a bucket with versioning MUST be listed as a version of its own, those that did not overlap in the order in which they were made, the last one as the latest.",
	Ref:     "https://docs.aws.amazon.com/AmazonS3/latest/userguide/list-obj-version-enabled-bucket.html",
	Model:   "versions",
	Needs:   []Feature{Objects, Versioning},
	Clients: 8, Keys: 6, Wear: 300, Versioned: true,
	Moves: []Move{
		{"put", 40, func(ctx context.Context, c *client, h *holding) {
			op := c.put(ctx, h, h.keys[0], c.small(), history.Arg{})
			if op.Outcome == history.OK && op.Result.VersionID != "" {
				c.version[h.keys[0]] = op.Result.VersionID
			}
		}},
		{"get", 25, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"get-version", 12, func(ctx context.Context, c *client, h *holding) {
			if id := c.version[h.keys[0]]; id != "" {
				c.read(ctx, h, history.Op{Kind: history.Get, Key: h.keys[0], Arg: history.Arg{VersionID: id}})
			}
		}},
		{"delete", 18, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
		{"list-versions", 5, func(ctx context.Context, c *client, h *holding) { c.listVersions(ctx, h, h.prefix) }},
	},
	Last: func(ctx context.Context, c *client, h *holding) {
		c.insist(ctx, func() history.Op { return c.get(ctx, h, h.keys[0]) })
		for range 10 {
			if c.listVersions(ctx, h, h.prefix) || ctx.Err() != nil {
				return
			}
		}
	},
}
