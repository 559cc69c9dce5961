package peer

import (
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
)

var table = crc64.MakeTable(crc64.ECMA)

// noise is n bytes of a seed.
func noise(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

func sum(t *testing.T, r io.Reader) (int64, uint64) {
	t.Helper()
	h := crc64.New(table)
	n, err := io.Copy(h, r)
	if err != nil {
		t.Error(err)
	}
	return n, h.Sum64()
}

// post is a request with a body whose length is told.
func post(t *testing.T, path string, body io.Reader, n int64) *http.Request {
	t.Helper()
	req, err := http.NewRequest("POST", path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = n
	return req
}

// TestLargeBodies: bodies stream in both directions, with their length told.
func TestLargeBodies(t *testing.T) {
	const size = 16 << 20
	f := newFleet(t, "a", "b")
	_, up := sum(t, noise(1, size))
	_, down := sum(t, noise(2, size))
	f.ports["b"].Handle("POST /up", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, got := sum(t, r.Body)
		if n != size || got != up || r.ContentLength != size {
			t.Errorf("got %d bytes, told %d, sum %x, want %d, %x", n, r.ContentLength, got, size, up)
		}
	}))
	f.ports["b"].Handle("GET /down", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.Copy(w, noise(2, size))
	}))
	resp, err := f.ports["a"].Do(within(t), "b", post(t, "/up", noise(1, size), size))
	answer(t, resp, err)
	resp, err = f.ports["a"].Do(within(t), "b", request(t, "GET", "/down", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, got := sum(t, resp.Body); n != size || got != down || resp.ContentLength != size {
		t.Errorf("got %d bytes, told %d, sum %x, want %d, %x", n, resp.ContentLength, got, size, down)
	}
}

var errGivenUp = errors.New("the source gave up")

// TestBodyOfRequestBreaks: the receiver never takes half a body for a whole one.
func TestBodyOfRequestBreaks(t *testing.T) {
	f := newFleet(t, "a", "b")
	seen := make(chan error, 1)
	f.ports["b"].Handle("/up", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		seen <- err
	}))
	for name, told := range map[string]int64{"length told": 2 << 20, "length not told": -1} {
		t.Run(name, func(t *testing.T) {
			half := io.MultiReader(noise(1, 1<<20), failing{})
			_, err := f.ports["a"].Do(within(t), "b", post(t, "/up", half, told))
			if !errors.Is(err, errGivenUp) {
				t.Errorf("the sender got %v, want its source's error", err)
			}
			if err := <-seen; err == nil {
				t.Error("the receiver took half a body for a whole one")
			}
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errGivenUp }

// TestBodyOfResponseBreaks: a handler that aborts is seen by who reads, and who
// closes early is seen by the handler.
func TestBodyOfResponseBreaks(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/abort", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, noise(1, 1<<20))
		panic(http.ErrAbortHandler)
	}))
	seen := make(chan error, 1)
	f.ports["b"].Handle("/endless", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.Copy(w, rand.NewChaCha8([32]byte{}))
		seen <- err
	}))
	resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/abort", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the reader took half a body for a whole one")
	}
	resp.Body.Close()
	if resp, err = f.ports["a"].Do(within(t), "b", request(t, "GET", "/endless", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	if err := <-seen; err == nil {
		t.Error("the handler did not see that nobody reads")
	}
}

// TestRefusalMeetsBody: a refusal arrives though the body is still being sent.
func TestRefusalMeetsBody(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].SetCluster("d")
	_, err := f.ports["a"].Do(within(t), "b", post(t, "/up", noise(1, 1<<20), 1<<20))
	if !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}
