package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/reference"
)

// smallPart is the least size of a part in tests of traffic, and smallLog has a
// node cut its log early and often.
const smallPart = 5 << 10

func smallLog(_ int, c *reference.Config) {
	c.Limits.MinPart = smallPart
	c.Cluster.SnapshotThreshold, c.Cluster.TrailingLogs, c.Cluster.SnapshotInterval = 8, 4, 20e6
}

// keepImage has a node make no snapshot of its own: that which it was sent stays.
func keepImage(c *reference.Config) {
	smallLog(0, c)
	c.Cluster.SnapshotThreshold = 1 << 40
}

// A flow writes to a cluster, by every node that it is given, until it is
// stopped, and knows what must be there afterwards.
type flow struct {
	t       *testing.T
	ctx     context.Context // ends the writers
	stop    context.CancelFunc
	writers sync.WaitGroup

	mu      sync.Mutex
	clients map[int]*s3.Client // by node
	acked   int
	objects map[string]thing // what was acknowledged last
	unclear map[string][]thing
}

// A thing is what a key may hold: a body, or none.
type thing struct {
	seed uint64
	size int // -1: nothing
}

func (v thing) body() []byte {
	b := make([]byte, v.size)
	seed := [32]byte{byte(v.seed), byte(v.seed >> 8), byte(v.seed >> 16), byte(v.seed >> 24), byte(v.size)}
	_, _ = rand.NewChaCha8(seed).Read(b) // it has no error
	return b
}

// trafficSizes are of bodies in the log, of blobs, and, from the first negative
// one on, of those that come in parts.
var trafficSizes = []int{0, 100, 16 << 10, 16<<10 + 1, 100 << 10, 400 << 10, -(20 << 10), -(200 << 10)}

// startTraffic makes the bucket and writes by the nodes.
func startTraffic(t *testing.T, c *reference.Cluster, nodes ...int) *flow {
	t.Helper()
	createBucket(t, client(c, nodes[0]))
	f := &flow{t: t, clients: map[int]*s3.Client{}, objects: map[string]thing{}, unclear: map[string][]thing{}}
	f.use(c, nodes...)
	f.resume()
	return f
}

// resume lets the writers go on that stop has ended.
func (f *flow) resume() {
	f.ctx, f.stop = context.WithCancel(context.Background())
	ctx := f.ctx
	for w := range 4 {
		f.writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), uint64(f.count())))
			pace := time.NewTicker(10 * time.Millisecond) // the nodes have more to do
			defer pace.Stop()
			for ctx.Err() == nil {
				f.step(ctx, r, fmt.Sprintf("key-%d-%03d", w, r.IntN(25)))
				<-pace.C
			}
		})
	}
	f.t.Cleanup(f.end)
}

func (f *flow) use(c *reference.Cluster, nodes ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range nodes {
		f.clients[n] = client(c, n)
	}
}

// leave has no new request sent to a node.
func (f *flow) leave(nodes ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range nodes {
		delete(f.clients, n)
	}
}

func (f *flow) end() {
	f.stop()
	f.writers.Wait()
}

func (f *flow) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.acked
}

// await waits for more acknowledged writes.
func (f *flow) await(more int) {
	f.t.Helper()
	want := f.count() + more
	await(f.t, fmt.Sprintf("%d more writes are acknowledged", more), func() bool { return f.count() >= want })
}

// step writes, or deletes, one key by one node. Of a request that fails nobody
// knows what it did.
func (f *flow) step(ctx context.Context, r *rand.Rand, key string) {
	f.mu.Lock()
	nodes := slices.Sorted(maps.Keys(f.clients))
	c := f.clients[nodes[r.IntN(len(nodes))]]
	f.mu.Unlock()
	size := trafficSizes[r.IntN(len(trafficSizes))]
	v := thing{seed: r.Uint64(), size: max(size, -size)}
	var err error
	switch {
	case r.IntN(10) == 0:
		v.size = -1
		_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &key})
	case size < 0:
		err = putParts(ctx, c, key, v.body())
	default:
		_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(v.body())})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.unclear[key] = append(f.unclear[key], v)
		return
	}
	f.acked++
	f.objects[key] = v
	delete(f.unclear, key)
}

// putParts stores a body in two parts.
func putParts(ctx context.Context, c *s3.Client, key string, body []byte) error {
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: &key})
	if err != nil {
		return err
	}
	var parts []types.CompletedPart
	for i, piece := range [][]byte{body[:smallPart], body[smallPart:]} {
		n := aws.Int32(int32(i + 1))
		p, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId, PartNumber: n, Body: bytes.NewReader(piece)})
		if err != nil {
			return err
		}
		parts = append(parts, types.CompletedPart{PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
	}
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String("bucket"), Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	return err
}

// verify reads every object by each of the nodes: it must be what was
// acknowledged last, or what came after it and was not answered. The writers
// must have ended.
func (f *flow) verify(c *reference.Cluster, nodes ...int) {
	f.t.Helper()
	for _, n := range nodes {
		by := client(c, n)
		keys := make(chan string)
		var readers sync.WaitGroup
		for range 8 {
			readers.Go(func() {
				for key := range keys {
					if err := f.check(by, key); err != nil {
						f.t.Errorf("by node %d: %s: %v", n, key, err)
					}
				}
			})
		}
		for key := range f.objects {
			keys <- key
		}
		close(keys)
		readers.Wait()
	}
}

func (f *flow) check(by *s3.Client, key string) error {
	in := &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key}
	out, err := by.GetObject(context.Background(), in)
	for end := time.Now().Add(20 * time.Second); code(err) == "SlowDown" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		out, err = by.GetObject(context.Background(), in) // nobody leads, as may be on a busy machine
	}
	possible := append([]thing{f.objects[key]}, f.unclear[key]...)
	if code(err) == "NoSuchKey" {
		if slices.ContainsFunc(possible, func(v thing) bool { return v.size < 0 }) {
			return nil
		}
		return err
	}
	if err != nil {
		return err
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if err != nil {
		return err
	}
	for _, v := range possible {
		if v.size == len(got) && bytes.Equal(v.body(), got) {
			return nil
		}
	}
	return errors.New("it is another body, or not whole")
}
