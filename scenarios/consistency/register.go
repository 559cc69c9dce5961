package consistency

import (
	"context"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

const (
	refModel  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel"
	refWrites = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
)

// register is the simplest of all: keys that are written, read and deleted.
var register = Workload{
	Name:    "register",
	Rule:    "Z-01",
	Says:    "A read that begins after a write of the key was acknowledged MUST give that write or a later one, whole, and after a DELETE nothing.",
	Ref:     refModel,
	Model:   "register",
	Needs:   []Feature{Objects, Range},
	Clients: 8, Keys: 6, Wear: maxWear,
	Moves: []Move{
		{"put", 35, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[0], c.size(), history.Arg{})
		}},
		{"get", 25, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"head", 20, func(ctx context.Context, c *client, h *holding) {
			c.read(ctx, h, history.Op{Kind: history.Head, Key: h.keys[0]})
		}},
		{"range", 10, func(ctx context.Context, c *client, h *holding) {
			arg := history.Arg{From: c.rand.Int64N(2) * c.rand.Int64N(48), Length: 1 + c.rand.Int64N(8<<10)}
			c.read(ctx, h, history.Op{Kind: history.Get, Key: h.keys[0], Arg: arg})
		}},
		{"delete", 10, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
	},
}

// torn overwrites bodies that servers send in several pieces while they are read
// whole and in ranges.
var torn = Workload{
	Name:    "register-torn",
	Rule:    "Z-04",
	Says:    "A GET of a key that is overwritten meanwhile MUST be of one version in every byte, header and range, and with If-Match of the version that was asked for.",
	Ref:     refModel,
	Model:   "register",
	Needs:   []Feature{Objects, Range, ConditionalRead},
	Clients: 6, Keys: 4, Wear: maxWear,
	Moves: []Move{
		{"put", 25, func(ctx context.Context, c *client, h *holding) {
			size := int64(16<<10) + c.rand.Int64N(112<<10)
			if !c.spend(size) {
				size = c.small()
			}
			c.put(ctx, h, h.keys[0], size, history.Arg{})
		}},
		{"get", 35, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"range", 20, func(ctx context.Context, c *client, h *holding) { c.readRange(ctx, h, "") }},
		{"range-match", 20, func(ctx context.Context, c *client, h *holding) { c.readRange(ctx, h, c.seen[h.keys[0]]) }},
	},
}

// readRange reads a range, of the version that has the ETag where one is given.
func (c *client) readRange(ctx context.Context, h *holding, etag string) {
	arg := history.Arg{From: c.rand.Int64N(2) * c.rand.Int64N(96<<10), Length: 1 + c.rand.Int64N(64<<10), IfMatch: etag}
	c.read(ctx, h, history.Op{Kind: history.Get, Key: h.keys[0], Arg: arg})
}

// sizes of bodies: none, less than names a write, less than a block, what
// servers keep beside their metadata, and what they do not.
var sizes = []int64{0, 1, 31, 31, 4 << 10, 4 << 10, 4 << 10, 64 << 10}

// size draws the size of a body. Now and then, as far as the run's budget goes,
// it is more than S3 allows a part to be less than.
func (c *client) size() int64 {
	size := sizes[c.rand.IntN(len(sizes))]
	if c.rand.IntN(500) == 0 {
		size = 5<<20 + 1
	}
	if size > 4<<10 && !c.spend(size) {
		return 4 << 10
	}
	return size
}

// small draws the size of a body that is as good as any, and long enough that no
// two have the same MD5.
func (c *client) small() int64 { return 32 + c.rand.Int64N(200) }
