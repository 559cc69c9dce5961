package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
)

// caller carries requests to httptest servers.
type caller struct {
	client *http.Client
	urls   map[string]string
}

func (c *caller) Do(ctx context.Context, node string, req *http.Request) (*http.Response, error) {
	to, err := url.Parse(c.urls[node])
	if err != nil || to.Host == "" {
		return nil, errDown
	}
	req = req.WithContext(ctx)
	req.URL.Scheme, req.URL.Host = to.Scheme, to.Host
	return c.client.Do(req)
}

// overHTTP is a fleet whose nodes reach each other through real connections.
func overHTTP(t *testing.T, n int, tune ...func(*Options)) (*fleet, *caller) {
	c := &caller{client: &http.Client{Transport: &http.Transport{}}, urls: map[string]string{}}
	t.Cleanup(c.client.CloseIdleConnections)
	f := newFleet(t, n, append(tune, func(o *Options) { o.Peers = NewWire(c) })...)
	for id, n := range f.nodes {
		srv := httptest.NewServer(n.Handler())
		t.Cleanup(srv.Close)
		c.urls[id] = srv.URL
	}
	return f, c
}

// TestStoreOverHTTP leaves out what a second Create of one id may do, which no
// user of ids that are never used again does: the body is under way before the
// peer has said that the blob exists, and a peer can hear of a request that was
// cancelled behind the deletion that follows it.
func TestStoreOverHTTP(t *testing.T) {
	if testing.Short() {
		t.Skip("the contract runs in process")
	}
	blobtest.Run(t, func(t *testing.T) blob.Store {
		f, _ := overHTTP(t, 3)
		return settled{f.nodes["n0"]}
	}, "exists", "any sequence")
}

func TestWireKeepsErrors(t *testing.T) {
	f, c := overHTTP(t, 2)
	w, n := NewWire(c), f.nodes["n1"]
	for _, want := range []error{blob.ErrNotFound, blob.ErrExists, blob.ErrSize, blob.ErrID, blob.ErrRange, blob.ErrCorrupt, blob.ErrFull} {
		n.disk.onCreate(failing(0, fmt.Errorf("disk: %w", want)))
		if _, err := w.Create(t.Context(), "n1", "a", strings.NewReader("hello"), 5); !errors.Is(err, want) || !strings.Contains(err.Error(), "n1") {
			t.Errorf("got %v, want %v from n1", err, want)
		}
	}
	failed := atomic.Bool{}
	n.opt.Failed = func(error) { failed.Store(true) }
	n.disk.onCreate(failing(0, blob.ErrSync))
	if _, err := w.Create(t.Context(), "n1", "a", strings.NewReader("hello"), 5); err == nil || errors.Is(err, blob.ErrSync) || !failed.Load() {
		t.Errorf("ErrSync: got %v, and failed %v there: it is that node's own matter", err, failed.Load())
	}
	n.disk.onCreate(nil)
	if _, _, err := w.Open(t.Context(), "n1", "a", 0, -1); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open: got %v, want ErrNotFound", err)
	}
	if _, _, err := w.Open(t.Context(), "n9", "a", 0, -1); !errors.Is(err, errDown) {
		t.Errorf("nobody there: got %v, want the caller's error", err)
	}
}

func TestWireRoundTrip(t *testing.T) {
	f, c := overHTTP(t, 2)
	w := NewWire(c)
	for _, size := range []int{0, 1, 511, 513, mib, 3*mib + 1} {
		id := blob.ID(fmt.Sprint("size-", size))
		data := content(id, size)
		if got, err := w.Create(t.Context(), "n1", id, bytes.NewReader(data), int64(size)); err != nil || got != info(id, data) {
			t.Fatalf("create: got %+v, %v, want %+v", got, err, info(id, data))
		}
		if got, err := w.Create(t.Context(), "n1", id, bytes.NewReader(data), int64(size)); !errors.Is(err, blob.ErrExists) || got != info(id, data) {
			t.Errorf("again: got %+v, %v, want %+v and ErrExists", got, err, info(id, data))
		}
		for _, off := range []int{0, size / 3, size} {
			i, r, err := w.Open(t.Context(), "n1", id, int64(off), -1)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			r.Close()
			if err != nil || i != info(id, data) || !bytes.Equal(got, data[off:]) {
				t.Errorf("from %d of %d: got %+v, %d bytes, %v", off, size, i, len(got), err)
			}
		}
	}
	has, err := w.Have(t.Context(), "n1", []blob.ID{"size-1", "none", "size-513"})
	if err != nil || !slices.Equal(has, []bool{true, false, true}) {
		t.Errorf("have: got %v, %v", has, err)
	}
	if err := w.Delete(t.Context(), "n1", []blob.ID{"size-1", "none"}); err != nil {
		t.Error(err)
	}
	if has, err := w.Have(t.Context(), "n1", []blob.ID{"size-1"}); err != nil || has[0] {
		t.Errorf("have of a deleted blob: got %v, %v", has, err)
	}
	if _, err := w.Have(t.Context(), "n1", make([]blob.ID, MaxBatch+1)); err == nil {
		t.Error("too many ids were taken")
	}
	if err := w.Hint(t.Context(), "n1", []blob.ID{"../x"}); err == nil {
		t.Error("a malformed id was taken")
	}
	if id, j := f.nodes["n1"].urgent.take(); j != nil {
		t.Errorf("%s is to be fetched", id)
	}
	if err := w.Hint(t.Context(), "n1", []blob.ID{"x"}); err != nil {
		t.Error(err)
	}
	if id, j := f.nodes["n1"].urgent.take(); j == nil || id != "x" {
		t.Errorf("hinted x, got %q", id)
	}
}

// TestABodyCutOffLeavesNothing: a sender that fails, or dies, in the middle or
// at the very end leaves no blob at the other node.
func TestABodyCutOffLeavesNothing(t *testing.T) {
	f, c := overHTTP(t, 2)
	for i, at := range []int{0, 1, mib, 2*mib - 1} {
		id := blob.ID(fmt.Sprint("a-", i))
		body := io.MultiReader(bytes.NewReader(content(id, at)), iotest.ErrReader(io.ErrClosedPipe))
		if _, err := NewWire(c).Create(t.Context(), "n1", id, body, 2*mib); err == nil {
			t.Errorf("a body that ends at %d was taken", at)
		}
		n := f.nodes["n1"]
		n.quiet(id)
		if got := f.copies(id); len(got) > 0 {
			t.Errorf("cut off at %d: copies are on %v", at, got)
		}
	}
	if _, err := NewWire(c).Create(t.Context(), "n1", "empty", iotest.ErrReader(io.ErrClosedPipe), 0); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an empty body that is refused: got %v, want its error", err)
	}
	f.wantCopies("empty")
}

// TestARefusalIsHeard though the sender has more to say than fits in between.
func TestARefusalIsHeard(t *testing.T) {
	var full atomic.Bool
	f, c := overHTTP(t, 2, func(o *Options) {
		o.Space = func() error {
			if full.Load() {
				return fmt.Errorf("%w: 3 bytes are left", blob.ErrFull)
			}
			return nil
		}
	})
	full.Store(true)
	for i := range 10 {
		id := blob.ID(fmt.Sprint("a-", i))
		if _, err := NewWire(c).Create(t.Context(), "n1", id, bytes.NewReader(content(id, 8*mib)), 8*mib); !errors.Is(err, blob.ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
	}
	if err := f.nodes["n0"].put("b", content("b", 8*mib)); !errors.Is(err, blob.ErrFull) {
		t.Errorf("no majority has space: got %v, want ErrFull", err)
	}
	f.wantCopies("b")
}

func TestAnAnswerThatIsCutOff(t *testing.T) {
	f, c := overHTTP(t, 3)
	data := content("a", 3*mib)
	f.nodes["n0"].mustPut("a", data)
	f.wantCopies("a", "n0", "n1", "n2")
	at := f.nodes["n0"]
	f.drop("a", at)
	first := at.others("a")[0]
	f.nodes[first].disk.breakReads(mib, blob.ErrCorrupt)
	at.wantRead("a", data)

	_, r, err := NewWire(c).Open(t.Context(), first, "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	r.Close()
	if err == nil || !bytes.Equal(got, data[:len(got)]) {
		t.Errorf("got %d bytes and %v, want an error", len(got), err)
	}
	f.nodes[first].disk.breakReads(0, blob.ErrCorrupt)
	if _, _, err := NewWire(c).Open(t.Context(), first, "a", 0, -1); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("before the first byte: got %v, want ErrCorrupt", err)
	}
	if id, j := f.nodes[first].urgent.take(); j == nil || id != "a" || !j.replace {
		t.Errorf("the node that serves a corrupt blob does not replace it: %q, %+v", id, j)
	}
}

func TestHeadDescribes(t *testing.T) {
	f, c := overHTTP(t, 1)
	data := content("a", 1000)
	f.nodes["n0"].mustPut("a", data)
	resp, err := c.client.Head(c.urls["n0"] + "/blobs/a")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, err := infoOf("n0", "a", resp.Header); err != nil || got != info("a", data) {
		t.Errorf("got %+v, %v, want %+v", got, err, info("a", data))
	}
	for path, want := range map[string]int{
		"/blobs/none": 404, "/blobs/A": 400, "/blobs/a?off=1001": 416, "/blobs/a?off=x": 416, "/blobs/a?n=1001": 416, "/blobs/a?off=1&n=0": 200, "/other": 404,
	} {
		resp, err := c.client.Get(c.urls["n0"] + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %s, want %d", path, resp.Status, want)
		}
	}
}
