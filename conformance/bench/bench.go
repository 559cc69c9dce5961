package bench

import (
	"context"
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	small    = 4 << 10
	large    = 1 << 20
	listKeys = 100
	setKeys  = 256  // objects that GET and HEAD read
	stock    = 4096 // objects that a round of DELETE uses up
)

// An Operation is one row of the table.
type Operation struct {
	Name string
	Goal map[int]float64 // clients -> ratio to the bare server that the project aims at
	Size int             // bytes of body moved by one call
	// call sends request n of worker w.
	call func(ctx context.Context, c *client, bucket string, w, n int, scratch []byte) error
	// fill prepares, before the first round, what every call needs.
	fill func(ctx context.Context, c *client, bucket string, clients int) error
	// consumes says that each call uses up an object of 4 KiB, put before each
	// round; the round ends when they are used up.
	consumes bool
}

var body = func() []byte {
	b := make([]byte, large)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}()

func key(prefix string, w, n int) string { return fmt.Sprintf("%s/%d/%d", prefix, w, n) }

// Operations returns what is measured, in order.
func Operations() []Operation {
	put := func(prefix string, size int) func(context.Context, *client, string, int, int, []byte) error {
		return func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
			return c.do(ctx, "PUT", "/"+b+"/"+key(prefix, w, n), "", body[:size], scratch)
		}
	}
	read := func(method, prefix string, keys int) func(context.Context, *client, string, int, int, []byte) error {
		return func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
			return c.do(ctx, method, "/"+b+"/"+key(prefix, 0, (w*31+n)%keys), "", nil, scratch)
		}
	}
	set := func(prefix string, size, keys int) func(context.Context, *client, string, int) error {
		return func(ctx context.Context, c *client, b string, _ int) error {
			for i := range keys {
				if err := c.do(ctx, "PUT", "/"+b+"/"+key(prefix, 0, i), "", body[:size], make([]byte, 4096)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return []Operation{
		{Name: "PUT 4 KiB", Goal: map[int]float64{8: 0.12, 32: 0.2}, Size: small, call: put("put4k", small)},
		{Name: "GET 4 KiB", Goal: map[int]float64{8: 0.36, 32: 0.36}, Size: small, call: read("GET", "4k", setKeys), fill: set("4k", small, setKeys)},
		{Name: "HEAD", Goal: map[int]float64{8: 0.45, 32: 0.45}, call: read("HEAD", "4k", setKeys), fill: set("4k", small, setKeys)},
		{Name: "LIST 100", Goal: map[int]float64{8: 0.15, 32: 0.15}, fill: set("4k", small, setKeys),
			call: func(ctx context.Context, c *client, b string, _, _ int, scratch []byte) error {
				return c.do(ctx, "GET", "/"+b, "list-type=2&max-keys=100&prefix=4k", nil, scratch)
			}},
		{Name: "DELETE", Goal: map[int]float64{8: 0.2, 32: 0.2}, consumes: true,
			call: func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
				return c.do(ctx, "DELETE", "/"+b+"/"+key("stock", w, n), "", nil, scratch)
			}},
		{Name: "PUT 1 MiB", Size: large, call: func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
			return c.do(ctx, "PUT", "/"+b+"/"+key("1mput", w, n%16), "", body, scratch)
		}},
		{Name: "GET 1 MiB", Size: large, call: read("GET", "1m", 16), fill: set("1m", large, 16)},
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
}

// Options of a run.
type Options struct {
	Clients []int
	Rounds  int           // of target and bare server in turn
	Round   time.Duration // length of each
	Only    string        // substring of an operation's name
}

// Run measures target beside bare in bucket, which must exist and whose
// contents are the caller's to remove. progress is called before each row.
func Run(ctx context.Context, target, bare Server, bucket string, o Options, progress func(string)) ([]Row, error) {
	var rows []Row
	for _, n := range o.Clients {
		for _, op := range Operations() {
			if o.Only != "" && !contains(op.Name, o.Only) {
				continue
			}
			progress(fmt.Sprintf("%s, %d clients", op.Name, n))
			row, err := measure(ctx, target, bare, bucket, op, n, o)
			if err != nil {
				return rows, fmt.Errorf("%s, %d clients: %w", op.Name, n, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func measure(ctx context.Context, target, bare Server, bucket string, op Operation, clients int, o Options) (Row, error) {
	row := Row{Op: op.Name, Clients: clients, Goal: op.Goal[clients], Size: op.Size}
	tc, bc := newClient(target, clients), newClient(bare, clients)
	defer tc.close()
	defer bc.close()
	if op.fill != nil {
		if err := op.fill(ctx, tc, bucket, clients); err != nil {
			return row, fmt.Errorf("prepare: %w", err)
		}
	}
	var rates, bares, ratios []float64
	var lat []time.Duration
	for i := range o.Rounds {
		run := job{op: op, bucket: bucket, clients: clients, length: o.Round, first: i << 20}
		if op.consumes {
			run.limit, run.first = stock/clients, 0
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
		rates, bares, ratios, lat = append(rates, r), append(bares, b), append(ratios, r/b), append(lat, l...)
	}
	slices.Sort(lat)
	row.Rate, row.Bare, row.Ratio = median(rates), median(bares), median(ratios)
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
	put.op.call = func(ctx context.Context, c *client, b string, w, n int, scratch []byte) error {
		return c.do(ctx, "PUT", "/"+b+"/"+key("stock", w, n), "", body[:small], scratch)
	}
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
			for n := 0; time.Since(start) < j.length && (j.limit == 0 || n < j.limit); n++ {
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
		if _, err := f.Write(body[:small]); err != nil {
			return 0, fmt.Errorf("fsync rate: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("fsync rate: %w", err)
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// MD5Rate returns the bytes a second that one core hashes with MD5.
func MD5Rate(d time.Duration) float64 {
	h := md5.New()
	n, start := 0, time.Now()
	for ; time.Since(start) < d; n++ {
		_, _ = h.Write(body) // never fails
	}
	return float64(n) * large / time.Since(start).Seconds()
}
