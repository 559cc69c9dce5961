package cloudtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Faults writes and reads while half of what the server asks of its cloud suffers from
// something: what was acknowledged is there and whole, and nothing is ever served that
// is not.
func Faults(t *testing.T, c Cloud) {
	seed := draw(t)
	l := lodge(t, c, seed)
	if _, err := l.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	l.disturb(seed)
	w := &writers{t: t, lodger: l, acked: map[string][]byte{}}
	var all sync.WaitGroup
	for n := range uint64(4) {
		all.Go(func() { w.write(n, seed) })
	}
	all.Wait()
	deeds := map[string]int{}
	for _, d := range l.front.Events() {
		deeds[d.What]++
	}
	t.Logf("%d acknowledged, %d refused, %d reads failed; done: %v", len(w.acked), w.refused, w.broken, deeds)
	if len(w.acked) < 10 || len(deeds) < 4 {
		t.Errorf("%d acknowledged and %v done: too little to tell", len(w.acked), deeds)
	}
	l.heal()
	for key, data := range w.acked {
		if got, err := l.get(t.Context(), key); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s was acknowledged: %d of %d bytes, %v", key, len(got), len(data), err)
		}
	}
}

// writers write objects of their own, and know what must be there.
type writers struct {
	*lodger
	t *testing.T

	mu              sync.Mutex
	acked           map[string][]byte
	refused, broken int
}

// write is one of them.
func (w *writers) write(n, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, n))
	for i := range 12 {
		key := fmt.Sprintf("%d-%d", n, i)
		data := make([]byte, dice.IntN(1<<20))
		rand.NewChaCha8([32]byte{byte(n), byte(i)}).Read(data)
		_, err := w.client.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(data)})
		got, gerr := w.get(w.t.Context(), key)
		w.judge(key, data, err, got, gerr)
	}
}

func (w *writers) judge(key string, data []byte, err error, got []byte, gerr error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.acked[key] = data
	} else {
		w.refused++
		wantHonest(w.t, key, err)
	}
	switch {
	case gerr == nil && !bytes.Equal(got, data):
		w.t.Errorf("%s: other bytes were served", key)
	case !bytes.HasPrefix(data, got):
		w.t.Errorf("%s: other bytes were served before the answer broke off", key)
	case gerr != nil:
		w.broken++
	}
}

// wantHonest fails the test unless a refusal is one that tells to come again.
func wantHonest(t *testing.T, key string, err error) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || !slices.Contains([]string{"SlowDown", "ServiceUnavailable"}, api.ErrorCode()) {
		t.Errorf("put %s: got %v, want SlowDown or ServiceUnavailable", key, err)
	}
}
