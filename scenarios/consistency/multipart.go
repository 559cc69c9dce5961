package consistency

import (
	"context"
	"fmt"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// multipart lets clients complete, abort and add to the same upload at once.
var multipart = Workload{
	Name:    "mpu",
	Rule:    "Z-08",
	Says:    "An upload MUST have one outcome however many complete or abort it at once, and the object MUST be there whole, of the parts that were named, or not at all.",
	Ref:     "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html",
	Model:   "multipart",
	Needs:   []Feature{Objects, Multipart},
	Clients: 10, Keys: 2, Wear: 400,
	Drive: races,
}

// races lets groups of clients fall upon one upload after the other, all at the
// same moment, on a key that keeps what came out of the last. They take turns at
// beginning one: where a node is gone, those who keep to it can begin nothing.
func races(ctx context.Context, r *run) {
	r.groups(ctx, func(group int, members []*client) {
		turn := 0
		for n := 0; !r.over(ctx); n++ {
			h := r.pool.open(fmt.Sprintf("%s/%d/%06d", r.Name, group, n))
			for ; !h.worn() && !r.over(ctx); turn++ {
				members[turn%len(members)].race(ctx, h, members)
				members[0].think(ctx)
			}
		}
	})
}

// race begins an upload and lets everybody do with it what they like, once or
// twice. Now and then some do it with an upload that has ended.
func (c *client) race(ctx context.Context, h *holding, members []*client) {
	u := c.upload(ctx, h)
	if u == nil {
		return
	}
	together(members, func(c *client) {
		for n := 1 + c.rand.IntN(2); n > 0 && !h.worn(); n-- {
			of := u
			if n := len(h.late); n > 0 && c.rand.IntN(10) == 0 {
				of = h.late[n-1]
			}
			c.fall(ctx, h, of)
			c.settle(ctx, h)
		}
	})
	h.late = append(h.late, u)
}

// fall does one thing with an upload or with the object that it becomes.
func (c *client) fall(ctx context.Context, h *holding, u *upload) {
	switch n := c.rand.IntN(100); {
	case n < 40:
		c.complete(ctx, h, u, history.Arg{})
	case n < 50: // and look at once what that has done to an object that it became
		c.abort(ctx, h, u)
		c.get(ctx, h, u.key)
	case n < 60 && !u.large:
		c.uploadPart(ctx, h, u, 1, c.small())
	case n < 64:
		c.remove(ctx, h, u.key, history.Arg{})
	case n < 72:
		c.read(ctx, h, history.Op{Kind: history.Head, Key: u.key})
	default:
		c.get(ctx, h, u.key)
	}
}

// completes replaces one object by another made of parts while it is read.
var completes = Workload{
	Name:    "mpu-get",
	Rule:    "Z-09",
	Says:    "A GET while an upload of the key is completed MUST give the object before or the one after, whole.",
	Ref:     refModel,
	Model:   "multipart",
	Needs:   []Feature{Objects, Multipart},
	Clients: 8, Keys: 6, Wear: 400,
	Moves: []Move{
		{"replace", 30, func(ctx context.Context, c *client, h *holding) {
			if u := c.upload(ctx, h); u != nil {
				c.complete(ctx, h, u, history.Arg{})
			}
		}},
		{"get", 60, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"head", 10, func(ctx context.Context, c *client, h *holding) {
			c.read(ctx, h, history.Op{Kind: history.Head, Key: h.keys[0]})
		}},
	},
}

// upload begins an upload and uploads its parts: one that is small as a rule, now
// and then two, of which the first is as large as it must be. It returns nil
// where it could not be begun.
func (c *client) upload(ctx context.Context, h *holding) *upload {
	u := c.begin(ctx, h, h.keys[0])
	if u == nil {
		return nil
	}
	first := c.small()
	if c.rand.IntN(40) == 0 && c.spend(5<<20) {
		first, u.large = 5<<20, true
		c.uploadPart(ctx, h, u, 2, c.small())
	}
	c.uploadPart(ctx, h, u, 1, first)
	return u
}
