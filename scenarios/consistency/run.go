package consistency

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// A run is one workload under way.
type run struct {
	*Workload
	s       *scenarios.S
	direct  *scenarios.Direct
	wire    *history.Attempts
	breaker *breaker // nil: connections are left alone
	rec     *history.Recorder
	opts    Options
	seed    uint64
	bucket  string
	pool    *pool

	began    time.Time
	requests atomic.Int64
	spent    atomic.Int64 // bytes written
	known    sync.Map     // history.Value -> *written
	touched  sync.Map     // keys that a request to write was sent for; kept where removable asks
	digests  bool         // the server's ETags are MD5s, as AWS's are
	missing  atomic.Bool  // somebody was told that there is no bucket
	failed   atomic.Pointer[error]

	reviving atomic.Pointer[chan struct{}] // closed when a server that is killed serves again; nil: it is not killed
}

// Run drives the workload for as long as o says, reads everything once more when
// all clients have stopped, and returns what the history says of the workload.
// The operations are with rec. The bucket is of the scenario's own. An error says
// why the workload could not be run to its end; ctx ends it early.
func (w Workload) Run(ctx context.Context, s *scenarios.S, rec *history.Recorder, o Options) (history.Workload, error) {
	out := history.Workload{Name: w.Name, Rule: w.Rule, Model: w.Model, Versioned: w.Versioned || w.Locked, Locked: w.Locked}
	if o.Clients > 0 {
		w.Clients = o.Clients
	}
	w.Keys = max(w.Keys, (w.Clients+maxHolders-1)/maxHolders)
	r := &run{Workload: &w, s: s, direct: scenarios.NewDirect(s), rec: rec, opts: o, seed: s.Seed()}
	if w.Broken {
		b, err := newBreaker(s.Target())
		if err != nil {
			return out, err
		}
		r.direct, r.breaker = scenarios.NewDirectBy(s, b.dial), b
		defer func() {
			r.direct.CloseIdleConnections()
			_ = b.Close() // what it stood before is judged, not it
		}()
	}
	r.wire = &history.Attempts{Base: r.direct}
	switch {
	case w.Locked:
		r.bucket = lockedBucket(ctx, s)
	case w.Versioned:
		r.bucket = s.VersionedBucket(ctx)
	default:
		r.bucket = s.Bucket(ctx)
	}
	if err := r.probe(ctx); err != nil {
		return out, err
	}
	r.pool = newPool(&w)
	r.began = time.Now()
	drive := r.drive
	if w.Drive != nil {
		drive = func(ctx context.Context) { w.Drive(ctx, r) }
	}
	if r.breaker != nil {
		drive = r.breaker.during(drive)
	}
	if w.Killed {
		drive = r.killing(drive)
	}
	drive(ctx)
	if r.breaker != nil && r.breaker.broke() == 0 && ctx.Err() == nil {
		r.fail(errors.New("no connection was broken"))
	}
	out.Duration = time.Since(r.began)
	r.last(ctx)
	out.Keys, out.Groups = r.names()
	out.Gone = r.gone(ctx)
	if err := r.failed.Load(); err != nil {
		return out, *err
	}
	return out, ctx.Err()
}

// drive lets every client make moves, holding one key after the other.
func (r *run) drive(ctx context.Context) {
	var clients sync.WaitGroup
	for n := range r.Clients {
		c := r.client(n)
		clients.Go(func() {
			for !r.over(ctx) {
				h := r.pool.take(c.rand)
				h.first.Do(func() { c.prepare(ctx, h) })
				for stay := 20 + c.rand.IntN(60); stay > 0 && !h.worn() && !r.over(ctx); stay-- {
					r.pick(c.rand).Do(ctx, c, h)
					c.settle(ctx, h)
					c.think(ctx)
				}
				r.pool.leave(h)
			}
		})
	}
	clients.Wait()
}

// last reads every holding by a process of its own, when nothing is under way:
// what was acknowledged must be there.
func (r *run) last(ctx context.Context) {
	todo := make(chan *holding)
	var readers sync.WaitGroup
	for n := range min(r.Clients, 4) {
		c := r.client(r.Clients + n)
		readers.Go(func() {
			for h := range todo {
				c.process = c.rec.Process()
				if r.Last != nil {
					r.Last(ctx, c, h)
					continue
				}
				for _, key := range h.keys {
					c.insist(ctx, func() history.Op { return c.get(ctx, h, key) })
				}
			}
		})
	}
	for _, h := range r.pool.all {
		if h.ops > 0 && ctx.Err() == nil && r.failed.Load() == nil {
			todo <- h
		}
	}
	close(todo)
	readers.Wait()
}

// prepare does what a holding needs before it is used.
func (c *client) prepare(ctx context.Context, h *holding) {
	if c.First != nil {
		c.unrecorded = true
		c.First(ctx, c, h)
		c.unrecorded = false
	}
}

// settle reads the key of a write that ended unclear, as a new process: what it
// finds there soon tells what became of it (R4).
func (c *client) settle(ctx context.Context, h *holding) {
	if c.doubt == "" {
		return
	}
	key := c.doubt
	c.doubt = ""
	if c.Last != nil {
		c.Last(ctx, c, h)
		return
	}
	c.get(ctx, h, key)
}

// think pauses, mostly for less than the mean, if clients are to think at all.
func (c *client) think(ctx context.Context) { c.idle(ctx, c.opts.Think) }

// idle waits for a random time of that mean, and at most until the run is over.
func (c *client) idle(ctx context.Context, mean time.Duration) {
	if mean <= 0 {
		return
	}
	pause := time.NewTimer(min(time.Duration(c.rand.ExpFloat64()*float64(mean)), 5*mean))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.opts.Until:
	case <-ctx.Done():
	}
}

// insist repeats a read until it tells something: a few times, since a read that
// nobody answers is no observation.
func (c *client) insist(ctx context.Context, read func() history.Op) {
	for range 10 {
		if op := read(); op.Outcome == history.OK || op.Outcome == history.Refused || ctx.Err() != nil {
			return
		}
	}
}

// client returns client n. Every second one is pinned to an endpoint, the others
// send each operation to any.
func (r *run) client(n int) *client {
	id := fnv.New64a()
	fmt.Fprintf(id, "%s/%d", r.Name, n)
	c := &client{run: r, n: n, process: r.rec.Process(), endpoint: -1, rand: rand.New(rand.NewPCG(r.seed, id.Sum64())),
		scratch: make([]byte, 0, 8<<10), seen: map[string]string{}, version: map[string]string{}}
	if n%2 == 0 {
		c.endpoint = n / 2 % len(r.s.Target().Endpoints)
	}
	return c
}

// over reports whether clients are to stop.
func (r *run) over(ctx context.Context) bool {
	n, late := r.requests.Load(), time.Since(r.began)-r.opts.Duration
	select {
	case <-r.opts.Until:
		return true
	default:
	}
	return ctx.Err() != nil || r.failed.Load() != nil ||
		late >= 0 && (n >= r.opts.Enough || late >= r.patience()) ||
		r.opts.Requests > 0 && n >= r.opts.Requests
}

// fail ends the run with the first err.
func (r *run) fail(err error) { r.failed.CompareAndSwap(nil, &err) }

// names are the universe of keys, and those that are judged together.
func (r *run) names() (keys []string, groups [][]string) {
	for _, h := range r.pool.all {
		if h.ops == 0 {
			continue
		}
		keys = append(keys, h.keys...)
		if r.Together {
			groups = append(groups, h.keys)
		}
	}
	return keys, groups
}

// budget of bytes: what a run writes is bounded, since a server may keep all of
// it for a while.
const (
	bytesASecond = 8 << 20
	maxBytes     = 192 << 20
)

// spend reports whether size bytes more may be written now: large bodies are
// spread over the run.
func (r *run) spend(size int64) bool {
	may := min(int64(time.Since(r.began).Seconds()*bytesASecond)+1<<20, maxBytes)
	if r.spent.Load()+size > may {
		return false
	}
	r.spent.Add(size)
	return true
}

// unsupported says that the server refused an operation as one that it lacks.
type unsupported struct {
	kind   history.Kind
	answer scenarios.Response
}

func (e *unsupported) Error() string {
	return fmt.Sprintf("%s is answered %d %s", e.kind, e.answer.Status, e.answer.Code)
}
