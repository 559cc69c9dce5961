package consistency

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// refDurable says what success of a write means: "Amazon S3 never adds partial
// objects; if you receive a success response, Amazon S3 added the entire object".
const refDurable = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"

// killed writes, completes uploads, deletes and reads while the server is killed
// and started again. It is no workload of chaos runs, which kill by themselves.
var killed = Workload{
	Name:    "kill",
	Rule:    "Z-16",
	Says:    "Of a server that was killed and started again every acknowledged write MUST be read as it was made, no object whose deletion was acknowledged, and of a write that was under way the whole or nothing.",
	Ref:     refDurable,
	Model:   "multipart",
	Needs:   []Feature{Objects, Multipart, KillHook},
	Clients: 10, Keys: 8, Wear: 30, Killed: true, // so that there are many keys, and what was done last to each is told
	Moves: []Move{
		{"put", 45, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[0], c.size(), history.Arg{})
		}},
		{"complete", 10, func(ctx context.Context, c *client, h *holding) {
			if u := c.upload(ctx, h); u != nil {
				c.complete(ctx, h, u, history.Arg{})
			}
		}},
		{"delete", 20, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
		{"get", 25, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
	},
}

// killedVersions is versions, of which the server is killed.
var killedVersions = func() Workload {
	w := versions
	w.Name, w.Rule, w.Ref, w.Wear, w.Killed = "kill-versions", "Z-16", refDurable, 60, true
	w.Says = "Of a server that was killed and started again every acknowledged version and delete marker MUST be listed, and none whose write was not sent."
	w.Needs = []Feature{Objects, Versioning, KillHook}
	return w
}()

var (
	_ = Add(inSuite(killed))
	_ = Add(inSuite(killedVersions))
)

// So many operations have ended before the server is killed, and again before the
// workload ends.
const (
	beforeKill = 400
	afterKill  = 200
)

// killing lets the server be killed while drive is under way, and drive go on
// once it serves again: with other holdings, so that nothing is written over what
// may have been lost.
func (r *run) killing(drive func(context.Context)) func(context.Context) {
	return func(ctx context.Context) {
		over := make(chan struct{})
		r.opts = Options{Duration: time.Hour, Until: over, Think: r.opts.Think}
		var driving sync.WaitGroup
		driving.Go(func() { drive(ctx) })
		defer driving.Wait()
		defer close(over)
		if !r.reaches(ctx, beforeKill) {
			return
		}
		revived := make(chan struct{})
		r.reviving.Store(&revived)
		err := r.s.Target().Kill(ctx)
		if err != nil {
			r.fail(err)
		}
		up := err == nil && r.up(ctx)
		r.pool.giveUp()
		close(revived)
		if up {
			r.reaches(ctx, r.requests.Load()+afterKill)
		}
	}
}

// revival holds a client that has met a dead server back until it serves again.
func (c *client) revival(ctx context.Context) {
	revived := c.reviving.Load()
	if revived == nil {
		return
	}
	select {
	case <-*revived:
	case <-ctx.Done():
	}
}

// reaches waits until so many operations have ended.
func (r *run) reaches(ctx context.Context, n int64) bool {
	for c, end := r.client(-1), time.Now().Add(r.patience()+r.s.Target().Settle); r.requests.Load() < n; c.pause(ctx) {
		if ctx.Err() != nil || r.failed.Load() != nil {
			return false
		}
		if time.Now().After(end) {
			r.fail(fmt.Errorf("%d operations ended, want %d", r.requests.Load(), n))
			return false
		}
	}
	return true
}

// up waits until every endpoint answers for the bucket.
func (r *run) up(ctx context.Context) bool {
	began := time.Now()
	c := r.client(-1)
	for i, u := range r.s.Target().Endpoints {
		for ; ; c.pause(ctx) {
			op := history.Op{Kind: history.List, Bucket: r.bucket, Endpoint: i}
			a := c.send(ctx, &op, request{method: http.MethodGet, query: "list-type=2&max-keys=1", ofBucket: true})
			if a.err == nil && a.status/100 != 5 {
				break
			}
			if ctx.Err() != nil || r.failed.Load() != nil {
				return false
			}
			if time.Since(began) > r.patience()+r.s.Target().Settle {
				r.fail(fmt.Errorf("the server was killed, and %s does not serve again: %d %s %v", u, a.status, a.code, a.err))
				return false
			}
		}
	}
	r.s.Observe("served again after", time.Since(began).Round(10*time.Millisecond))
	return true
}
