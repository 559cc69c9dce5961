package aws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"bleepstore/conformance/trial"
	"bleepstore/fault"
	"bleepstore/fault/proxy"
	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/aws"
)

// A lodger is a server whose bodies are in a cloud behind a proxy that disturbs.
type lodger struct {
	*reference.Instance
	front  *proxy.Front
	client *s3.Client
}

// lodge starts one. Bodies of more than a byte go to the cloud.
func lodge(t *testing.T, seed uint64) *lodger {
	t.Helper()
	b := newBucket(t)
	front, err := proxy.NewFront(proxy.FrontConfig{Target: parse(t, b.server.URL), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := front.Close(); err != nil {
			t.Error(err)
		}
	})
	c := b.config
	c.Endpoint = front.URL().String()
	l := &lodger{front: front, Instance: reference.Start(t, func(rc *reference.Config) {
		rc.Backend, rc.Limits.Inline = reference.AWS, 1
		rc.OpenBlobs = func(ctx context.Context, owner string) (blob.Store, error) {
			return aws.Open(ctx, c, cloud.Options{Owner: owner, Timeout: 2 * time.Second, Stall: 4 * time.Second})
		}
	})}
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
	says := []struct {
		status int
		code   string
	}{{500, "InternalError"}, {503, "SlowDown"}, {503, "ServiceUnavailable"}}
	l.front.Hands(func(r *http.Request, _ []byte) proxy.Hand {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(8) > 0 {
			return proxy.Hand{}
		}
		s := says[dice.IntN(len(says))]
		return proxy.Hand{Take: func(context.Context, []byte, []byte, bool) ([]byte, bool) { return answer(r, s.status, s.code), true }}
	})
}

func (l *lodger) heal() {
	l.front.Decide(nil)
	l.front.Hands(nil)
}

// Whatever happens between server and cloud: what was acknowledged is there and
// whole, and nothing is ever served that is not.
func TestServerThroughFaults(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	l := lodge(t, seed)
	if _, err := l.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: sdk.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	l.disturb(seed)
	var mu sync.Mutex
	acked, refused, broken := map[string][]byte{}, 0, 0
	var all sync.WaitGroup
	for w := range uint64(4) {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(seed, w))
			for i := range 12 {
				key := fmt.Sprintf("%d-%d", w, i)
				data := make([]byte, dice.IntN(1<<20))
				rand.NewChaCha8([32]byte{byte(w), byte(i)}).Read(data)
				_, err := l.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String("bucket"), Key: &key, Body: bytes.NewReader(data)})
				got, gerr := l.get(t.Context(), key)
				mu.Lock()
				switch {
				case err == nil:
					acked[key] = data
				default:
					refused++
					wantHonest(t, key, err)
				}
				switch {
				case gerr == nil && !bytes.Equal(got, data):
					t.Errorf("%s: other bytes were served", key)
				case !bytes.HasPrefix(data, got):
					t.Errorf("%s: other bytes were served before the answer broke off", key)
				case gerr != nil:
					broken++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	deeds := map[string]int{}
	for _, d := range l.front.Events() {
		deeds[d.What]++
	}
	t.Logf("%d acknowledged, %d refused, %d reads failed; done: %v", len(acked), refused, broken, deeds)
	if len(acked) < 10 || len(deeds) < 4 {
		t.Errorf("%d acknowledged and %v done: too little to tell", len(acked), deeds)
	}
	l.heal()
	for key, data := range acked {
		if got, err := l.get(t.Context(), key); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s was acknowledged: %d of %d bytes, %v", key, len(got), len(data), err)
		}
	}
}

// wantHonest fails the test unless a refusal is one that tells to come again.
func wantHonest(t *testing.T, key string, err error) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != "SlowDown" && api.ErrorCode() != "ServiceUnavailable" {
		t.Errorf("put %s: got %v, want SlowDown or ServiceUnavailable", key, err)
	}
}

func (l *lodger) get(ctx context.Context, key string) ([]byte, error) {
	r, err := l.client.GetObject(ctx, &s3.GetObjectInput{Bucket: sdk.String("bucket"), Key: &key})
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// Every workload shows the highest level that it can, with the cloud as it should
// be and with one that fails.
func TestConsistency(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for name, disturbed := range map[string]bool{"calm": false, "disturbed": true} {
		t.Run(name, func(t *testing.T) {
			l := lodge(t, seed)
			load, err := trial.Start(t.Context(), trial.Options{
				Endpoints: []string{l.URL}, Access: l.AccessKey, Secret: l.SecretKey,
				Workloads: []string{"register", "register-torn", "cas", "list", "versions", "delete", "copy"}, Clients: 4,
				Timeout: 10 * time.Second, Most: 5 * time.Minute, Seed: seed,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				l.heal()
				if err := load.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			await := func(what string, n int) {
				t.Helper()
				if err := load.Await(ctx, what, func(c trial.Tally) bool { return load.Each(c, n) }); err != nil {
					t.Fatal(err)
				}
			}
			await("everybody gets on", 120)
			if disturbed {
				load.Mark()
				l.disturb(seed)
				await("everybody gets on under faults", 20)
				l.heal()
			}
			load.Mark()
			await("everybody gets on to the end", 120)
			if err := load.Stop(); err != nil {
				t.Fatal(err)
			}
			v, err := load.Judge(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			if why := trial.Short(v); why != "" {
				t.Error(why)
			}
			for _, w := range v.Workloads {
				t.Logf("%s: %s of %s", w.Name, w.Level, w.Top)
			}
		})
	}
}
