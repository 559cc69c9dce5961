package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
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

const large = 5*block.Size + 77

// An answer that is lost after the provider has acted is no failure, whether the
// blob was put at once or streamed, and there is one object then.
func TestLostAnswer(t *testing.T) {
	for _, small := range []int64{0, -1} {
		synctest.Test(t, func(t *testing.T) {
			b := newFaulty()
			s := open(t, cloud.Options{Bucket: b.bucket(), Small: small})
			data := content(1, large)
			for op, id := range map[string]blob.ID{"write": "a", "head": "b", "read": "c"} {
				b.fate = once(op, fate{lose: errBroken})
				create(t, s, id, data)
				if got, err := read(t.Context(), s, id); err != nil || !bytes.Equal(got, data) {
					t.Errorf("small %d: answer to %s lost: got %d bytes, %v", small, op, len(got), err)
				}
			}
			if b.fate = once("delete", fate{lose: errBroken}); s.Delete(t.Context(), "a") != nil {
				t.Error("a delete whose answer is lost is repeated")
			}
			if _, err := read(t.Context(), s, "a"); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("deleted: got %v", err)
			}
		})
	}
}

// When the object of another is met where ours was to be, it stays, and is told.
func TestAnotherWasFirst(t *testing.T) {
	for _, small := range []int64{0, -1} {
		b := newFaulty()
		first, second := open(t, cloud.Options{Bucket: b.bucket(), Small: small}), open(t, cloud.Options{Bucket: b.bucket(), Small: small})
		theirs, ours := content(1, large), content(2, large)
		between := io.MultiReader(bytes.NewReader(ours), &hook{do: func() { create(t, first, "a", theirs) }})
		info, err := second.Create(t.Context(), "a", between, large)
		if !errors.Is(err, blob.ErrExists) || info.Size != large {
			t.Errorf("small %d: got %+v, %v, want ErrExists", small, info, err)
		}
		if got, err := read(t.Context(), second, "a"); err != nil || !bytes.Equal(got, theirs) {
			t.Errorf("small %d: got %d bytes, %v, want those of the first", small, len(got), err)
		}
	}
}

// hook is an empty reader that does something when it is reached.
type hook struct{ do func() }

func (h *hook) Read([]byte) (int, error) {
	h.do()
	return 0, io.EOF
}

// What a provider says decides what a caller is told, how often it is asked, and
// what an operator reads.
func TestFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		want  error
		asked int
		says  string
	}{
		"throttled": {errBusy, blob.ErrBusy, 4, ""},
		"refused":   {errDenied, blob.ErrUnavailable, 1, "credentials"},
		"broken":    {errBroken, blob.ErrUnavailable, 4, "does not answer"},
		"cut":       {io.EOF, blob.ErrUnavailable, 4, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, log := newFaulty(), &bytes.Buffer{}
				s := open(t, cloud.Options{Bucket: b.bucket(), Logger: slog.New(slog.NewTextHandler(log, nil))})
				create(t, s, "there", content(1, 10))
				for op, call := range map[string]func() error{
					"head": func() error { _, err := s.Stat(t.Context(), "there"); return err },
					"read": func() error { _, err := read(t.Context(), s, "there"); return err },
					"write": func() error {
						_, err := s.Create(t.Context(), "new", strings.NewReader("body"), 4)
						return err
					},
					"delete": func() error { return s.Delete(t.Context(), "there") },
					"list": func() error {
						return s.List(t.Context(), "", func(blob.Info) error { return nil })
					},
				} {
					log.Reset()
					key := map[string]string{"write": "blobs/new", "list": "blobs/"}[op]
					if key == "" {
						key = "blobs/there"
					}
					b.asked, b.fate = nil, func(asked, at string) fate {
						if asked == op && at == key {
							return fate{refuse: tc.err}
						}
						return fate{}
					}
					if err := call(); !errors.Is(err, tc.want) || errors.Is(err, io.EOF) {
						t.Errorf("%s: got %v, want %v", op, err, tc.want)
					}
					if n := b.count(op + " " + key); n != tc.asked {
						t.Errorf("%s: asked %d times, want %d", op, n, tc.asked)
					}
					if !strings.Contains(log.String(), tc.says) {
						t.Errorf("%s: the log says %q, want %q", op, log, tc.says)
					}
				}
			})
		})
	}
}

// Pauses double, and jitter spreads them over their second half.
func TestPauses(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 0.999} {
		synctest.Test(t, func(t *testing.T) {
			b := newFaulty()
			s := open(t, cloud.Options{Bucket: b.bucket(), Jitter: func() float64 { return jitter }, Attempts: 4})
			var at []time.Time
			b.fate = func(string, string) fate { at = append(at, time.Now()); return fate{refuse: errBusy} }
			_, err := s.Stat(t.Context(), "a")
			if !errors.Is(err, blob.ErrBusy) || len(at) != 4 {
				t.Fatalf("got %v after %d attempts", err, len(at))
			}
			for i, full := range []time.Duration{100, 200, 400} {
				full *= time.Millisecond
				want := full/2 + time.Duration(jitter*float64(full/2))
				if got := at[i+1].Sub(at[i]); got != want {
					t.Errorf("jitter %v: pause %d is %v, want %v", jitter, i, got, want)
				}
			}
		})
	}
}

// A provider that says nothing is given up, and a caller that goes away is not
// kept waiting.
func TestSilence(t *testing.T) {
	for _, op := range []string{"head", "read", "part", "write", "delete", "list"} {
		for _, small := range []int64{0, -1} {
			if op == "part" && small == 0 {
				continue // it goes by one request
			}
			synctest.Test(t, func(t *testing.T) {
				b := newFaulty()
				s := open(t, cloud.Options{Bucket: b.bucket(), Small: small})
				create(t, s, "there", content(1, large))
				b.fate = failing(op, fate{hang: true})
				call := func(ctx context.Context) error {
					switch op {
					case "head", "part", "write":
						_, err := s.Create(ctx, "new", bytes.NewReader(content(2, large)), large)
						return err
					case "read":
						_, err := read(ctx, s, "there")
						return err
					case "delete":
						return s.Delete(ctx, "there")
					}
					return s.List(ctx, "", func(blob.Info) error { return nil })
				}
				if err := call(t.Context()); !errors.Is(err, blob.ErrUnavailable) {
					t.Errorf("%s, small %d: got %v, want ErrUnavailable", op, small, err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s, small %d: got %v, want the end of the context", op, small, err)
				}
			})
		}
	}
}

// An answer that breaks off is gone on with where it did.
func TestBrokenAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFaulty()
		s := open(t, cloud.Options{Bucket: b.bucket()})
		data := content(1, large)
		create(t, s, "a", data)
		b.fate = failing("read", fate{cut: block.Size + 5})
		b.asked = nil
		if got, err := read(t.Context(), s, "a"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if n := b.count("read blobs/a"); n < 5 || n > 6 {
			t.Errorf("%d requests for 6 blocks, of which each answer has one whole", n)
		}
		b.fate = failing("read", fate{cut: block.Size - 1})
		if got, err := read(t.Context(), s, "a"); !errors.Is(err, blob.ErrUnavailable) || !bytes.HasPrefix(data, got) {
			t.Errorf("got %d bytes, %v, want ErrUnavailable and nothing wrong", len(got), err)
		}
	})
}

// No byte is served that is not the one that was written.
func TestFlippedByte(t *testing.T) {
	b := newFaulty()
	s := open(t, cloud.Options{Bucket: b.bucket()})
	data := content(1, large)
	create(t, s, "a", data)
	for range 2 {
		b.fate = failing("read", fate{flip: true})
		got, err := read(t.Context(), s, "a")
		if !errors.Is(err, blob.ErrCorrupt) && !errors.Is(err, blob.ErrNotFound) || !bytes.HasPrefix(data, got) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		b.fate = nil
		s = open(t, cloud.Options{Bucket: b.bucket()}) // remembers no trailer
	}
}

// A body that fails ends the upload's context before the upload is closed, so
// that nothing is named; what the provider holds of it is ended.
func TestFailedBody(t *testing.T) {
	for _, at := range []int{0, 10, block.Size, large} {
		b := newFaulty()
		var aborted []cloud.Uploads
		s := open(t, cloud.Options{Bucket: b.bucket(), Small: -1, Provider: cloud.Provider{
			Abort: func(_ context.Context, u cloud.Uploads) error { aborted = append(aborted, u); return nil },
		}})
		b.closed = nil
		broken := errors.New("body breaks")
		body := io.MultiReader(bytes.NewReader(content(1, large)[:at]), iotest.ErrReader(broken))
		if _, err := s.Create(t.Context(), "a", body, large); !errors.Is(err, broken) {
			t.Errorf("at %d: got %v", at, err)
		}
		if len(b.closed) != 1 || b.closed[0] == nil {
			t.Errorf("at %d: closed with contexts that had ended with %v, want one that had", at, b.closed)
		}
		if len(b.objects) != 1 {
			t.Errorf("at %d: %d objects, want the owner's alone", at, len(b.objects))
		}
		if want := []cloud.Uploads{{Name: "blobs/a"}}; !slices.Equal(aborted, want) {
			t.Errorf("at %d: aborted %v, want %v", at, aborted, want)
		}
	}
}

// A small body that fails never reaches the provider.
func TestFailedSmallBody(t *testing.T) {
	b := newFaulty()
	s := open(t, cloud.Options{Bucket: b.bucket()})
	if _, err := s.Create(t.Context(), "a", iotest.ErrReader(errBroken), 10); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if n := b.count("part blobs/a") + b.count("write blobs/a"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Remains are listed as such, are no blob, and give way to one.
func TestRemains(t *testing.T) {
	b := newFaulty()
	s := open(t, cloud.Options{Bucket: b.bucket(), Prefix: "p"})
	create(t, s, "whole", content(1, large))
	b.objects["p/blobs/half"] = b.objects["p/blobs/whole"][:block.Size+9]
	b.objects["p/blobs/other-name"] = b.objects["p/blobs/whole"]
	b.objects["p/blobs/.hidden"] = []byte("somebody else's")
	b.objects["p/blobsy"] = []byte("somebody else's")
	b.objects["q/blobs/far"] = []byte("somebody else's")
	var got []string
	if err := s.List(t.Context(), "", func(i blob.Info) error { got = append(got, fmt.Sprintf("%s %v", i.ID, i.Partial)); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"half true", "other-name true", "whole false"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, id := range []blob.ID{"half", "other-name"} {
		if _, err := read(t.Context(), s, id); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", id, err)
		}
		create(t, s, id, content(2, 100))
		if got, err := read(t.Context(), s, id); err != nil || !bytes.Equal(got, content(2, 100)) {
			t.Errorf("%s created: got %d bytes, %v", id, len(got), err)
		}
	}
	if len(b.objects) != 7 {
		t.Errorf("%d objects: those of others must stay", len(b.objects))
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

func TestOwner(t *testing.T) {
	for name, b := range map[string]*faulty{"conditional": {}, "careless": {careless: true}, "without conditions": {simple: true}} {
		t.Run(name, func(t *testing.T) {
			b.objects = map[string][]byte{}
			o := cloud.Options{Bucket: b.bucket(), Owner: "me", Prefix: "p"}
			s := open(t, o)
			create(t, s, "a", content(1, 100))
			o.Bucket = b.bucket()
			again := open(t, o)
			if got, err := read(t.Context(), again, "a"); err != nil || !bytes.Equal(got, content(1, 100)) {
				t.Errorf("opened again: %d bytes, %v", len(got), err)
			}
			o.Bucket, o.Owner = b.bucket(), "you"
			if _, err := cloud.Open(t.Context(), o); !errors.Is(err, cloud.ErrOwned) || !strings.Contains(err.Error(), "prefix of its own") {
				t.Errorf("another owner: got %v", err)
			}
			o.Bucket, o.Prefix = b.bucket(), "q"
			open(t, o)
			b.objects["p/owner"] = b.objects["q/owner"]
			if err := s.List(t.Context(), "", func(blob.Info) error { return nil }); !errors.Is(err, cloud.ErrOwned) {
				t.Errorf("list of what another has taken: got %v", err)
			}
			delete(b.objects, "p/owner")
			o.Bucket, o.Prefix = b.bucket(), "p"
			if _, err := cloud.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), `{"format":1,"owner":"you"}`) {
				t.Errorf("blobs of nobody: got %v", err)
			}
			b.objects["p/owner"] = []byte(`{"format":2,"owner":"you"}`)
			o.Bucket = b.bucket()
			if _, err := cloud.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "knows 1") {
				t.Errorf("another layout: got %v", err)
			}
		})
	}
}

// Of owners that begin together under one prefix one is let in, where the endpoint
// makes objects on condition.
func TestOwnersTogether(t *testing.T) {
	for range 50 {
		b := newFaulty()
		in := make(chan error, 5)
		for i := range 5 {
			go func() {
				_, err := cloud.Open(t.Context(), cloud.Options{Bucket: b.bucket(), Owner: fmt.Sprint("owner ", i)})
				in <- err
			}()
		}
		won := 0
		for range 5 {
			err := <-in
			if err == nil {
				won++
			} else if !errors.Is(err, cloud.ErrOwned) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d were let in", won)
		}
	}
}

func TestOpenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			op   string
			err  error
			says string
		}{
			"no bucket":  {"list", errNoObject, "no such bucket"},
			"no right":   {"read", errDenied, "refused"},
			"no writing": {"write", errDenied, "write its owner"},
		} {
			b := newFaulty()
			b.fate = failing(tc.op, fate{refuse: tc.err})
			if _, err := cloud.Open(t.Context(), cloud.Options{Bucket: b.bucket(), Owner: "me"}); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: got %v, want %q", name, err, tc.says)
			}
		}
	})
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
