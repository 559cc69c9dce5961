package reference_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"bleepstore/reference"
)

var loadFor = flag.Duration("load", time.Second, "how long TestConcurrentWriters writes to each backend")

// TestConcurrentWriters has 32 clients write at once: counters by compare and
// swap, plain objects, deletes and listings. No answer may be a 5xx, and no
// acknowledged increment may be lost.
func TestConcurrentWriters(t *testing.T) {
	for _, backend := range []string{reference.Local, reference.SQLite, reference.Memory} {
		t.Run(backend, func(t *testing.T) {
			in := reference.Start(t, func(c *reference.Config) { c.Backend = backend })
			l := &load{t: t, bucket: aws.String("load"), s3: s3.NewFromConfig(in.AWS, func(o *s3.Options) {
				o.UsePathStyle, o.Retryer = true, aws.NopRetryer{}
			})}
			if _, err := l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: l.bucket}); err != nil {
				t.Fatal(err)
			}
			for i := range l.counts {
				l.put(t.Context(), counter(i), "0", nil)
			}
			var wg sync.WaitGroup
			start := time.Now()
			for w := range 32 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(w), 1))
					for n := 0; time.Since(start) < *loadFor && !t.Failed(); n++ {
						l.step(t.Context(), r, w, n)
					}
				})
			}
			wg.Wait()
			l.verify(t.Context())
			t.Logf("%d requests in %v, %d increments, %d lost races", l.calls.Load(), time.Since(start).Round(time.Millisecond), l.total(), l.lost.Load())
		})
	}
}

type load struct {
	t           *testing.T
	s3          *s3.Client
	bucket      *string
	counts      [4]atomic.Int64 // acknowledged increments
	calls, lost atomic.Int64
}

func counter(i int) string { return "counter/" + strconv.Itoa(i) }

func (l *load) total() (n int64) {
	for i := range l.counts {
		n += l.counts[i].Load()
	}
	return n
}

// step does one thing: half of all steps are increments.
func (l *load) step(ctx context.Context, r *rand.Rand, w, n int) {
	own := fmt.Sprintf("own/%d/%d", w, n%20)
	switch r.IntN(8) {
	case 0, 1, 2, 3:
		l.increment(ctx, r.IntN(len(l.counts)))
	case 4, 5:
		l.put(ctx, own, strings.Repeat("x", r.IntN(40_000)), nil)
	case 6:
		_, err := l.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: l.bucket, Key: &own})
		l.check("delete", err, 0)
	case 7:
		_, err := l.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: l.bucket, MaxKeys: aws.Int32(50)})
		l.check("list", err, 0)
	}
}

// increment adds one to a counter unless another client was faster.
func (l *load) increment(ctx context.Context, i int) {
	value, etag := l.read(ctx, counter(i))
	if l.put(ctx, counter(i), strconv.FormatInt(value+1, 10), etag) {
		l.counts[i].Add(1)
	} else {
		l.lost.Add(1)
	}
}

func (l *load) read(ctx context.Context, key string) (int64, *string) {
	out, err := l.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: l.bucket, Key: &key})
	if !l.check("get", err, 0) {
		return 0, nil
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		l.t.Errorf("get %s: %v", key, err)
	}
	n, err := strconv.ParseInt(string(body), 10, 64)
	if err != nil {
		l.t.Errorf("get %s: %q is no counter", key, body)
	}
	return n, out.ETag
}

// put stores an object, if etag is given on that condition, and says whether
// it was stored.
func (l *load) put(ctx context.Context, key, body string, etag *string) bool {
	_, err := l.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: l.bucket, Key: &key, Body: strings.NewReader(body), IfMatch: etag})
	return l.check("put", err, http.StatusPreconditionFailed)
}

// check reports any failure but one of status lost.
func (l *load) check(what string, err error, lost int) bool {
	l.calls.Add(1)
	if err == nil {
		return true
	}
	var re *smithyhttp.ResponseError
	if lost == 0 || !errors.As(err, &re) || re.HTTPStatusCode() != lost {
		l.t.Errorf("%s: %v", what, err)
	}
	return false
}

func (l *load) verify(ctx context.Context) {
	for i := range l.counts {
		if got, _ := l.read(ctx, counter(i)); got != l.counts[i].Load() {
			l.t.Errorf("%s reads %d after %d acknowledged increments", counter(i), got, l.counts[i].Load())
		}
	}
	if l.total() == 0 {
		l.t.Error("no increment was acknowledged: the run says nothing")
	}
}
