package consistency

import (
	"context"
	"encoding/xml"
	"net/http"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

type (
	named       struct{ Key string }
	deleteOrder struct {
		XMLName xml.Name `xml:"Delete"`
		Object  []named
	}
	deleteResult struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Deleted []struct {
			Key                   string
			DeleteMarkerVersionId string
			DeleteMarker          bool
		}
		Error []struct{ Key, Code string }
	}
)

// removeAll deletes keys of a holding by one DeleteObjects. It is an operation
// for each key, all with the times of the request: together they are not atomic.
// In a bucket that is not the run's own they are deleted one by one.
func (c *client) removeAll(ctx context.Context, h *holding, keys []string) {
	if c.s.Target().Bucket != "" {
		for _, k := range keys {
			c.remove(ctx, h, k, history.Arg{})
		}
		return
	}
	order := deleteOrder{}
	ops := make([]history.Op, len(keys))
	for i, k := range keys {
		order.Object = append(order.Object, named{k})
		ops[i] = history.Op{Kind: history.Delete, Key: k}
	}
	body, err := xml.Marshal(order)
	if err != nil {
		c.fail(err)
		return
	}
	lead := &ops[0]
	c.aim(lead)
	sum := scenarios.ContentMD5(body)
	a := c.send(ctx, lead, request{method: http.MethodPost, query: "delete=", ofBucket: true, header: headers(sum[0], sum[1]), body: body})
	if !a.sent {
		c.unsent(ctx, a.err)
		return
	}
	if a.code == noBucket {
		c.nowhere(ctx)
	}
	c.lacks(lead.Kind, &a)
	var doc deleteResult
	whole := outcome(lead.Kind, &a)
	if whole == history.OK && xml.Unmarshal(a.body, &doc) != nil {
		whole = history.Unclear
	}
	now, doubt := c.rec.Now(), ""
	for i := range ops {
		op := &ops[i]
		if i > 0 {
			key := op.Key
			*op = *lead
			op.Key, op.N, op.Result = key, c.rec.Number(), history.Result{}
		}
		op.Arg.Batch, op.Return = lead.N, now
		op.Result.Status, op.Result.Code, op.Outcome = a.status, a.code, whole
		if a.err != nil {
			op.Result.Error = a.err.Error()
		}
		if whole == history.OK {
			doc.tell(op)
		}
		if op.Outcome == history.Unclear {
			op.Return, doubt = history.Never, op.Key
		}
		c.rec.Keep(*op)
		h.used(op.Outcome == history.Unclear)
	}
	c.requests.Add(1)
	if doubt != "" {
		c.process, c.doubt = c.rec.Process(), doubt
	}
}

// tell puts what the document says of op's key into op. A key of which it says
// nothing is unclear, and so is one whose error is the server's.
func (d *deleteResult) tell(op *history.Op) {
	for _, k := range d.Deleted {
		if k.Key == op.Key {
			op.Result.Marker, op.Result.VersionID = k.DeleteMarker, k.DeleteMarkerVersionId
			return
		}
	}
	op.Outcome = history.Unclear
	for _, e := range d.Error {
		if e.Key != op.Key {
			continue
		}
		op.Result.Code = e.Code
		if status, known := behind200[e.Code]; known {
			op.Result.Status, op.Outcome = status, history.Refused
		}
	}
}
