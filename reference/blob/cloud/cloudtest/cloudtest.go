// Package cloudtest tries servers whose bodies are in a cloud, while what is between
// the two fails: nothing that was acknowledged may be lost, nothing that was not
// written may be served, and clients who work at the same time must not see more of
// each other's doings than they would with the bodies at home. It is for tests alone.
package cloudtest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/fault"
	"bleepstore/fault/proxy"
	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/cloud"
)

// A Cloud is one that servers may keep their bodies in.
type Cloud struct {
	Backend string // of reference.Config
	// Start starts the cloud, until the test ends, and says how a server opens its
	// blobs there. Before puts a front before the cloud's address and returns that of
	// the front, which alone servers may use.
	Start func(t *testing.T, before func(target *url.URL) *url.URL) Open
	// Failures are errors that pass, as whole answers of the cloud over HTTP/1.1, to a
	// request that may be nil where it makes no sense.
	Failures []func(r *http.Request) []byte
}

// Open opens the blobs of a server. Of o everything counts but Bucket, Prefix and
// Provider.
type Open func(ctx context.Context, o cloud.Options) (*cloud.Store, error)

// Failure is an answer with header lines, each ended by "\r\n", and with a body unless
// r wants none.
func Failure(r *http.Request, status int, header, body string) []byte {
	if r != nil && r.Method == http.MethodHead {
		body = ""
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), header, len(body), body)
}

// A lodger is a server whose bodies are in a cloud behind a front that disturbs.
type lodger struct {
	*reference.Instance
	cloud  Cloud
	front  *proxy.Front
	client *s3.Client
}

// lodge starts one. Bodies of more than a byte go to the cloud.
func lodge(t *testing.T, c Cloud, seed uint64) *lodger {
	t.Helper()
	l := &lodger{cloud: c}
	open := c.Start(t, func(target *url.URL) *url.URL {
		var err error
		if l.front, err = proxy.NewFront(proxy.FrontConfig{Target: target, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.front.Close(); err != nil {
				t.Error(err)
			}
		})
		return l.front.URL()
	})
	l.Instance = reference.Start(t, func(rc *reference.Config) {
		rc.Backend, rc.Limits.Inline = c.Backend, 1
		rc.OpenBlobs = func(ctx context.Context, owner string) (blob.Store, error) {
			return open(ctx, cloud.Options{Owner: owner, Timeout: 2 * time.Second, Stall: 4 * time.Second})
		}
	})
	l.client = s3.NewFromConfig(l.AWS, func(o *s3.Options) { o.UsePathStyle, o.RetryMaxAttempts = true, 1 })
	return l
}

// troubles are what a request may suffer from, besides an error that the cloud says.
var troubles = []fault.HTTPTrouble{
	{CutRequest: 20_000}, {CutAnswer: 10_000}, {DropAnswer: true}, {Reset: true}, {Delay: 20 * time.Millisecond}, {Duplicate: true},
}

// disturb has one request in two suffer from something.
func (l *lodger) disturb(seed uint64) {
	l.front.Decide(func(_ *http.Request, dice *rand.Rand) fault.HTTPTrouble {
		if dice.IntN(2) > 0 {
			return fault.HTTPTrouble{}
		}
		return troubles[dice.IntN(len(troubles))]
	})
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 5))
	l.front.Hands(func(r *http.Request, _ []byte) proxy.Hand {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(8) > 0 {
			return proxy.Hand{}
		}
		says := l.cloud.Failures[dice.IntN(len(l.cloud.Failures))]
		return proxy.Hand{Take: func(context.Context, []byte, []byte, bool) ([]byte, bool) { return says(r), true }}
	})
}

func (l *lodger) heal() {
	l.front.Decide(nil)
	l.front.Hands(nil)
}

func (l *lodger) get(ctx context.Context, key string) ([]byte, error) {
	r, err := l.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key})
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// draw draws a seed, and says which.
func draw(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return seed
}
