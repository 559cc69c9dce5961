package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
	"bleepstore/reference/blob/cloud"
)

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
