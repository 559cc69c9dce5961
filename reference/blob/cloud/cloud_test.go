package cloud_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gocloud.dev/blob/memblob"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/block"
	"bleepstore/reference/blob/cloud"
)

func TestStore(t *testing.T) {
	for name, o := range map[string]cloud.Options{
		"put":              {Prefix: "a/b"},
		"streamed":         {Small: -1},
		"part by part":     {Small: 100 << 10, Provider: cloud.Provider{PartSize: 64 << 10}},
		"without prefixes": {Small: block.Size},
	} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blob.Store {
				o := o
				o.Bucket, o.Owner = memblob.OpenBucket(&memblob.Options{NoMD5: true}), "me"
				return open(t, o)
			})
		})
	}
}

func open(t testing.TB, o cloud.Options) *cloud.Store {
	t.Helper()
	if o.Owner == "" {
		o.Owner = "me"
	}
	s, err := cloud.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func content(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func create(t testing.TB, s *cloud.Store, id blob.ID, data []byte) {
	t.Helper()
	if _, err := s.Create(t.Context(), id, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatalf("create %s: %v", id, err)
	}
}

func read(ctx context.Context, s *cloud.Store, id blob.ID) ([]byte, error) {
	r, err := s.Open(ctx, id, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// failing is a fate for every request of an op.
func failing(op string, f fate) func(string, string) fate {
	return func(asked, _ string) fate {
		if asked == op {
			return f
		}
		return fate{}
	}
}

// once is that fate for the first such request alone.
func once(op string, f fate) func(string, string) fate {
	done := false
	return func(asked, _ string) fate {
		if asked == op && !done {
			done = true
			return f
		}
		return fate{}
	}
}

// Long listings come page by page, and in no other order than that of the names.
func TestPages(t *testing.T) {
	b := newFaulty()
	var aborted []cloud.Uploads
	var starts []string
	s := open(t, cloud.Options{Bucket: b.bucket(), Provider: cloud.Provider{
		Abort:      func(_ context.Context, u cloud.Uploads) error { aborted = append(aborted, u); return nil },
		StartAfter: func(_ func(any) bool, key string) { starts = append(starts, key) },
	}})
	const n = 2345
	create(t, s, "0000", []byte("x"))
	for i := 1; i < n; i++ {
		create(t, s, blob.ID(fmt.Sprintf("%04d", i)), []byte("x"))
	}
	got := 0
	if err := s.List(t.Context(), "0099", func(i blob.Info) error { got++; return nil }); err != nil || got != n-100 {
		t.Errorf("got %d, %v, want %d", got, err, n-100)
	}
	if len(starts) == 0 || starts[0] != "blobs/0099" {
		t.Errorf("began at %q", starts)
	}
	if len(aborted) != 1 || aborted[0].Prefix != "blobs/" || time.Since(aborted[0].Before) < 12*time.Hour {
		t.Errorf("old uploads: %v", aborted)
	}
	b.unordered = true
	if err := s.List(t.Context(), "", func(i blob.Info) error { return nil }); err == nil || !strings.Contains(err.Error(), "in order") {
		t.Errorf("out of order: got %v", err)
	}
}

// Whatever fails, and whenever: what was acknowledged reads as it was written, and
// nothing is ever served that is not.
func TestAnythingFails(t *testing.T) {
	failed, acked := 0, 0
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			b := newFaulty()
			s := open(t, cloud.Options{Bucket: b.bucket(), Attempts: 2, Small: []int64{0, -1, block.Size}[seed%3]})
			fates := []fate{{refuse: errBroken}, {lose: errBroken}, {refuse: errBusy}, {cut: 1 + dice.IntN(large)}, {flip: true}, {hang: true}, {lose: errBusy}, {refuse: io.EOF}}
			b.fate = func(string, string) fate {
				if dice.IntN(4) > 0 {
					return fate{}
				}
				return fates[dice.IntN(len(fates))]
			}
			held := map[blob.ID][]byte{}
			for i := range 60 {
				id := blob.ID(fmt.Sprintf("%02d", i))
				data := content(seed<<8|uint64(i), dice.IntN(large))
				if _, err := s.Create(t.Context(), id, bytes.NewReader(data), int64(len(data))); err != nil {
					failed++
					continue
				}
				held[id] = data
				acked++
				if dice.IntN(4) == 0 {
					delete(held, id) // whatever comes of it: who is told that it failed does not know
					if err := s.Delete(t.Context(), id); err == nil {
						if _, there := b.get("blobs/" + string(id)); there {
							t.Errorf("seed %d: %s was deleted, and is there", seed, id)
						}
					}
				}
				if got, err := read(t.Context(), s, id); err == nil && !bytes.Equal(got, data) || !bytes.HasPrefix(data, got) {
					t.Errorf("seed %d: %s has other bytes", seed, id)
				}
			}
			b.fate = nil
			for id, data := range held {
				if got, err := read(t.Context(), s, id); err != nil || !bytes.Equal(got, data) {
					t.Errorf("seed %d: %s was acknowledged: %d bytes, %v", seed, id, len(got), err)
				}
			}
			for key := range b.objects {
				if id, ours := strings.CutPrefix(key, "blobs/"); ours {
					if _, err := s.Stat(t.Context(), blob.ID(id)); err != nil {
						t.Errorf("seed %d: %s is there in part: %v", seed, id, err)
					}
				}
			}
		})
	}
	if failed < 100 || acked < 100 {
		t.Errorf("%d failed and %d did not: too few to tell", failed, acked)
	}
}

func BenchmarkStore(b *testing.B) {
	blobtest.Bench(b, func(b *testing.B) blob.Store {
		return open(b, cloud.Options{Bucket: memblob.OpenBucket(&memblob.Options{NoMD5: true})})
	})
}
