package consistency

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// tags replaces the tags of objects that stay as they are.
var tags = Workload{
	Name:    "tags",
	Rule:    "Z-12",
	Says:    "A read of an object's tags that begins after they were replaced MUST give those or later ones, all of one write.",
	Ref:     refModel,
	Model:   "tags",
	Needs:   []Feature{Objects, Tagging},
	Clients: 8, Keys: 6, Wear: maxWear,
	First: func(ctx context.Context, c *client, h *holding) {
		c.insist(ctx, func() history.Op { return c.put(ctx, h, h.keys[0], c.small(), history.Arg{}) })
	},
	Moves: []Move{
		{"put-tags", 50, func(ctx context.Context, c *client, h *holding) { c.putTags(ctx, h, h.keys[0]) }},
		{"get-tags", 50, func(ctx context.Context, c *client, h *holding) { c.getTags(ctx, h, h.keys[0]) }},
	},
	Last: func(ctx context.Context, c *client, h *holding) {
		c.insist(ctx, func() history.Op { return c.getTags(ctx, h, h.keys[0]) })
	},
}

// putTags replaces the tags of an object by one that names the write.
func (c *client) putTags(ctx context.Context, h *holding, key string) {
	v := c.rec.Value()
	op := history.Op{Kind: history.PutTags, Key: key, Arg: history.Arg{Value: v}}
	body := fmt.Appendf(nil, "<Tagging><TagSet><Tag><Key>v</Key><Value>%d</Value></Tag></TagSet></Tagging>", uint64(v))
	sum := ContentMD5(body)
	c.do(ctx, h, &op, request{method: http.MethodPut, query: "tagging=", header: headers(sum[0], sum[1]), body: body}, reply)
}

// getTags reads the tags of an object.
func (c *client) getTags(ctx context.Context, h *holding, key string) history.Op {
	op := history.Op{Kind: history.GetTags, Key: key}
	c.do(ctx, h, &op, request{method: http.MethodGet, query: "tagging="}, func(op *history.Op, a *answer) {
		var doc struct {
			XMLName xml.Name `xml:"Tagging"`
			TagSet  struct{ Tag []struct{ Key, Value string } }
		}
		if xml.Unmarshal(a.body, &doc) != nil {
			op.Outcome = history.Unclear
			return
		}
		switch set := doc.TagSet.Tag; len(set) {
		case 0: // none were put yet
		case 1:
			n, err := strconv.ParseUint(set[0].Value, 10, 64)
			if err != nil || set[0].Key != "v" {
				op.Result.Torn = fmt.Sprintf("the tag %s=%s is no write's", set[0].Key, set[0].Value)
				return
			}
			op.Result.Tags = history.Value(n)
		default:
			op.Result.Torn = fmt.Sprintf("%d tags, though every write puts one", len(set))
		}
	})
	return op
}
