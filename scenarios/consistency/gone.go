package consistency

import (
	"context"
	"net/http"
	"sync"
	"time"

	"bleepstore/conformance/history"
)

// noBucket is the code of an answer that knows nothing of the bucket.
const noBucket = "NoSuchBucket"

// nowhere notes an answer that knows nothing of the bucket. A new one may not be
// known everywhere yet, or the server has lost it: gone finds out. Until then
// clients ask less often.
func (c *client) nowhere(ctx context.Context) {
	c.missing.Store(true)
	c.pause(ctx)
}

// gone finds the endpoints that have lost the bucket: that never find it for as
// long as a new one may take to be known. One that cannot be asked has lost
// nothing.
func (r *run) gone(ctx context.Context) []int {
	if !r.missing.Load() {
		return nil
	}
	lost := make([]bool, len(r.s.Target().Endpoints))
	var all sync.WaitGroup
	for i := range lost {
		c := r.client(i)
		all.Go(func() { lost[i] = c.lost(ctx, i) })
	}
	all.Wait()
	var out []int
	for i, is := range lost {
		if is && ctx.Err() == nil {
			out = append(out, i)
		}
	}
	return out
}

// lost asks one endpoint for the bucket until it is found, or the time is over.
func (c *client) lost(ctx context.Context, endpoint int) (lost bool) {
	for until := time.Now().Add(c.s.Target().Settle); ctx.Err() == nil; c.pause(ctx) {
		op := history.Op{Kind: history.List, Bucket: c.bucket, Endpoint: endpoint}
		a := c.send(ctx, &op, request{method: http.MethodGet, query: "list-type=2&max-keys=1", ofBucket: true})
		if a.err == nil && a.status/100 == 2 && a.code == "" {
			return false
		}
		lost = a.err == nil && a.code == noBucket
		if time.Now().After(until) {
			return lost
		}
	}
	return false
}
