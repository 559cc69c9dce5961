package bench

import (
	"context"
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	small    = 4 << 10
	large    = 1 << 20
	listKeys = 100
)

// A set is a number of objects, named by their prefix, that calls read.
type set struct {
	prefix string
	size   int
	keys   int
}

var (
	smallSet = set{"4k", small, 256}
	largeSet = set{"1m", large, 16}
)

// An Operation is one row of the table.
type Operation struct {
	Name string
	Goal map[int]float64 // clients -> ratio to the bare server that the project aims at
	Size int             // bytes of body moved by one call
	// call sends request n of worker w.
	call func(ctx context.Context, c *client, bucket string, w, n int, scratch []byte) error
	// reads is what the calls read, put before the first round.
	reads set
	// bound is what a machine allows at best, beside the ratio: nil for nothing.
	bound func(dir string, d time.Duration) (float64, error)
	// consumes says that each call uses up an object of 4 KiB, put before each
	// round; the round ends when they are used up.
	consumes bool
}

// Named says whether text is a part of the operation's name.
func (o Operation) Named(text string) bool {
	return strings.Contains(strings.ToLower(o.Name), strings.ToLower(text))
}

// body returns the bytes that are sent. They are made when they are asked for:
// the server's process has this package too, and no use for them.
var body = sync.OnceValue(func() []byte {
	b := make([]byte, large)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
})

func key(prefix string, w, n int) string { return fmt.Sprintf("%s/%d/%d", prefix, w, n) }

// putter returns the call that puts size bytes under a key of its own.
func putter(prefix string, size int) func(context.Context, *client, string, int, int, []byte) error {
	return func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
		return c.do(ctx, "PUT", "/"+b+"/"+key(prefix, w, n), "", body()[:size], scratch)
	}
}

// reader returns the call that asks for an object of s.
func reader(method string, s set) func(context.Context, *client, string, int, int, []byte) error {
	return func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
		return c.do(ctx, method, "/"+b+"/"+key(s.prefix, 0, (w*31+n)%s.keys), "", nil, scratch)
	}
}

// Operations returns what is measured, in order.
func Operations() []Operation {
	both := func(ratio float64) map[int]float64 { return map[int]float64{8: ratio, 32: ratio} }
	return []Operation{
		{Name: "PUT 4 KiB", Goal: map[int]float64{8: 0.12, 32: 0.2}, Size: small, call: putter("put4k", small), bound: FsyncRate},
		{Name: "GET 4 KiB", Goal: both(0.36), Size: small, call: reader("GET", smallSet), reads: smallSet},
		{Name: "HEAD", Goal: both(0.45), call: reader("HEAD", smallSet), reads: smallSet},
		{Name: "LIST 100", Goal: both(0.15), reads: smallSet,
			call: func(ctx context.Context, c *client, b string, _, _ int, scratch []byte) error {
				return c.do(ctx, "GET", "/"+b, fmt.Sprintf("list-type=2&max-keys=%d&prefix=4k", listKeys), nil, scratch)
			}},
		{Name: "DELETE", Goal: both(0.2), consumes: true,
			call: func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
				return c.do(ctx, "DELETE", "/"+b+"/"+key("stock", w, n), "", nil, scratch)
			}},
		{Name: "PUT 1 MiB", Size: large, bound: MD5Rate, call: func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
			return c.do(ctx, "PUT", "/"+b+"/"+key("1mput", w, n%16), "", body(), scratch)
		}},
		{Name: "GET 1 MiB", Size: large, call: reader("GET", largeSet), reads: largeSet},
	}
}

// A Row is one operation at one number of clients: rates a second, latencies,
// and the ratio of the medians of interleaved rounds.
type Row struct {
	Op       string
	Clients  int
	Rate     float64 // median over rounds
	Bare     float64
	Ratio    float64 // median of the rounds' own ratios
	Goal     float64 // 0: none
	P50, P99 time.Duration
	Size     int
	Bound    float64 // of Operation.bound, median over rounds; 0: none
}

// Options of a run.
type Options struct {
	Clients []int
	Rounds  int           // of target and bare server in turn
	Round   time.Duration // length of each
	Only    string        // substring of an operation's name
	Dir     string        // on the disk whose fsyncs bound a durable PUT
}

// stock is how many objects a round of an operation that consumes them gets:
// what a fast server uses up in its time, within reason.
func (o Options) stock(clients int) int {
	return min(max(int(8192*o.Round.Seconds()), clients), 8192)
}

// Run measures target beside bare in bucket, which must exist and whose
// contents are the caller's to remove. progress is called before each row.
func Run(ctx context.Context, target, bare Server, bucket string, o Options, progress func(string)) ([]Row, error) {
	var rows []Row
	there := map[set]bool{{}: true}
	for _, n := range o.Clients {
		for _, op := range Operations() {
			if !op.Named(o.Only) {
				continue
			}
			progress(fmt.Sprintf("%s, %d clients", op.Name, n))
			if !there[op.reads] {
				if err := fill(ctx, target, bucket, op.reads); err != nil {
					return rows, fmt.Errorf("%s: prepare: %w", op.Name, err)
				}
				there[op.reads] = true
			}
			row, err := measure(ctx, target, bare, bucket, op, n, o)
			if err != nil {
				return rows, fmt.Errorf("%s, %d clients: %w", op.Name, n, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// fill puts the objects of s.
func fill(ctx context.Context, target Server, bucket string, s set) error {
	const workers = 8
	c := newClient(target, workers)
	defer c.close()
	put := job{bucket: bucket, clients: workers, length: time.Hour, limit: s.keys / workers}
	put.op.call = func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
		return c.do(ctx, "PUT", "/"+b+"/"+key(s.prefix, 0, w*put.limit+n), "", body()[:s.size], scratch)
	}
	_, _, err := put.round(ctx, c)
	return err
}

func measure(ctx context.Context, target, bare Server, bucket string, op Operation, clients int, o Options) (Row, error) {
	row := Row{Op: op.Name, Clients: clients, Goal: op.Goal[clients], Size: op.Size}
	tc, bc := newClient(target, clients), newClient(bare, clients)
	defer tc.close()
	defer bc.close()
	var rates, bares, ratios, bounds []float64
	var lat []time.Duration
	for i := range o.Rounds {
		run := job{op: op, bucket: bucket, clients: clients, length: o.Round, first: i << 20}
		if op.consumes {
			run.limit, run.first = o.stock(clients)/clients, 0
			if err := run.restock(ctx, tc); err != nil {
				return row, fmt.Errorf("prepare: %w", err)
			}
		}
		b, _, err := run.round(ctx, bc)
		if err != nil {
			return row, fmt.Errorf("bare server: %w", err)
		}
		r, l, err := run.round(ctx, tc)
		if err != nil {
			return row, err
		}
		if op.bound != nil {
			b, err := op.bound(o.Dir, o.Round/4)
			if err != nil {
				return row, err
			}
			bounds = append(bounds, b)
		}
		rates, bares, ratios, lat = append(rates, r), append(bares, b), append(ratios, r/b), append(lat, l...)
	}
	slices.Sort(lat)
	row.Rate, row.Bare, row.Ratio = median(rates), median(bares), median(ratios)
	if op.bound != nil {
		row.Bound = median(bounds)
	}
	row.P50, row.P99 = lat[len(lat)/2], lat[len(lat)*99/100]
	return row, nil
}

// A job is one operation as it is run in one round.
type job struct {
	op      Operation
	bucket  string
	clients int
	length  time.Duration
	first   int // number of a worker's first call, so that no key comes twice
	limit   int // calls a worker; 0: no limit
}

// restock puts the objects that the round will use up.
func (j job) restock(ctx context.Context, c *client) error {
	put := job{bucket: j.bucket, clients: j.clients, length: time.Hour, limit: j.limit}
	put.op.call = putter("stock", small)
	_, _, err := put.round(ctx, c)
	return err
}

// round runs the operation from all workers until the time or the calls are
// used up, and returns calls a second and every call's latency.
func (j job) round(ctx context.Context, c *client) (float64, []time.Duration, error) {
	var wg sync.WaitGroup
	lats := make([][]time.Duration, j.clients)
	errs := make(chan error, j.clients)
	start := time.Now()
	for w := range j.clients {
		wg.Go(func() {
			scratch := make([]byte, 64<<10)
			for n := 0; (n == 0 || time.Since(start) < j.length) && (j.limit == 0 || n < j.limit); n++ { // once at least
				t := time.Now()
				if err := j.op.call(ctx, c, j.bucket, w, j.first+n, scratch); err != nil {
					errs <- err
					return
				}
				lats[w] = append(lats[w], time.Since(t))
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	select {
	case err := <-errs:
		return 0, nil, err
	default:
	}
	all := slices.Concat(lats...)
	return float64(len(all)) / took.Seconds(), all, nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// FsyncRate appends 4 KiB and fsyncs, one after the other, for d in a file of
// dir, and returns how many a second the disk does.
func FsyncRate(dir string, d time.Duration) (float64, error) {
	path := filepath.Join(dir, "fsync-rate")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, fmt.Errorf("fsync rate: %w", err)
	}
	defer os.Remove(path)
	defer f.Close()
	n, start := 0, time.Now()
	for ; time.Since(start) < d; n++ {
		if _, err := f.Write(body()[:small]); err != nil {
			return 0, fmt.Errorf("fsync rate: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("fsync rate: %w", err)
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// MD5Rate returns how many times a second one core hashes 1 MiB with MD5.
func MD5Rate(_ string, d time.Duration) (float64, error) {
	h := md5.New()
	n, start := 0, time.Now()
	for ; time.Since(start) < d; n++ {
		_, _ = h.Write(body()) // never fails
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
