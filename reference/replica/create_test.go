package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"bleepstore/reference/blob"
)

const (
	mib = 1 << 20
	// bodyLen is a few chunks and a rest.
	bodyLen = 600_000
)

// flaws are the ways in which a holder fails, and what a Create says that fails
// because of them.
var flaws = []struct {
	name   string
	remote bool // only a peer can have it
	flaw   func(n *node)
	want   error
}{
	{"down", true, func(n *node) { n.setDown(true) }, blob.ErrUnavailable},
	{"full at once", false, func(n *node) { n.disk.onCreate(failing(0, blob.ErrFull)) }, blob.ErrFull},
	{"full in the middle", false, func(n *node) { n.disk.onCreate(failing(bodyLen/2, blob.ErrFull)) }, blob.ErrFull},
	{"fails at its end", false, func(n *node) { n.disk.onCreate(failing(bodyLen, io.ErrClosedPipe)) }, blob.ErrUnavailable},
	{"corrupt", false, func(n *node) { n.disk.onCreate(flipping) }, blob.ErrUnavailable},
	{"hangs", false, func(n *node) { n.disk.onCreate(hanging) }, blob.ErrUnavailable},
}

// failing lets a Create fail after so many bytes.
func failing(at int64, err error) func(context.Context, blob.ID, io.Reader) (io.Reader, error) {
	return func(_ context.Context, _ blob.ID, r io.Reader) (io.Reader, error) {
		return io.MultiReader(io.LimitReader(r, at), iotest.ErrReader(err)), nil
	}
}

// flipping changes the first byte of what is stored.
func flipping(_ context.Context, _ blob.ID, r io.Reader) (io.Reader, error) {
	return &flipper{r: r}, nil
}

type flipper struct {
	r    io.Reader
	done bool
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 && !f.done {
		p[0] ^= 1
		f.done = true
	}
	return n, err
}

func hanging(ctx context.Context, _ blob.ID, _ io.Reader) (io.Reader, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestARefusedBodyIsNowhereWhole: of a body that is refused at its very end no
// holder sees all bytes. One that counts them would take it for whole, until it is
// removed again.
func TestARefusedBodyIsNowhereWhole(t *testing.T) {
	for i, size := range []int{1, 100, chunkLen, chunkLen + 1, mib} {
		f := newFleet(t, 3)
		var most atomic.Int64
		for _, n := range f.nodes {
			n.disk.onCreate(func(_ context.Context, _ blob.ID, r io.Reader) (io.Reader, error) {
				seen := int64(0)
				return readerFunc(func(p []byte) (int, error) {
					n, err := r.Read(p)
					seen += int64(n)
					for m := most.Load(); seen > m && !most.CompareAndSwap(m, seen); m = most.Load() {
					}
					return n, err
				}), nil
			})
		}
		id := blob.ID(fmt.Sprint("a-", i))
		end := readerFunc(func([]byte) (int, error) { // gives the holders time for what they have
			for until := time.Now().Add(20 * time.Millisecond); most.Load() < int64(size) && time.Now().Before(until); {
				time.Sleep(time.Millisecond)
			}
			return 0, io.ErrClosedPipe
		})
		body := io.MultiReader(bytes.NewReader(content(id, size)), end)
		if _, err := f.nodes["n0"].Create(t.Context(), id, body, int64(size)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%d bytes: got %v, want the body's error", size, err)
		}
		f.nodes["n0"].quiet(id)
		if most.Load() >= int64(size) {
			t.Errorf("a holder saw %d of %d bytes", most.Load(), size)
		}
	}
}

// TestHoldersThatFail: a Create succeeds exactly when a majority of the holders
// takes the blob; otherwise it leaves nothing anywhere, and says what it was.
func TestHoldersThatFail(t *testing.T) {
	for _, n := range []int{1, 3, 5, 7} {
		for _, fl := range flaws {
			for bad := range min(n, 5) + 1 {
				for _, local := range []bool{false, true} {
					if fl.remote && (local || bad == min(n, 5)) || bad == 0 && local || n == 1 && (!local || bad == 0) {
						continue
					}
					t.Run(fmt.Sprintf("%d of %d %s, itself %v", bad, n, fl.name, local), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { holdersFail(t, n, bad, local, fl.flaw, fl.want) })
					})
				}
			}
		}
	}
}

func holdersFail(t *testing.T, n, bad int, local bool, flaw func(*node), want error) {
	f := newFleet(t, n)
	id := blob.ID("a")
	at := f.nodes[holders(id, f.current())[0]]
	all := f.holders(id, at.id)
	if !local {
		slices.Reverse(all)
	}
	if bad == 1 && n == 1 {
		hung, cancel := context.WithTimeout(t.Context(), time.Minute) // a local disk that hangs is waited for
		defer cancel()
		flaw(at)
		data := content(id, bodyLen)
		if _, err := at.Create(hung, id, bytes.NewReader(data), int64(len(data))); err == nil && len(f.copies(id)) == 0 {
			t.Error("Create succeeded and stored nothing")
		}
		return
	}
	for _, h := range all[:bad] {
		flaw(h)
	}
	data := content(id, bodyLen)
	err := at.put(id, data)
	enough := len(all)-bad > len(all)/2
	if enough && err != nil {
		t.Fatalf("got %v, want success: %d of %d holders are well", err, len(all)-bad, len(all))
	}
	if !enough && !errors.Is(err, want) {
		t.Fatalf("got %v, want %v: %d of %d holders are well", err, want, len(all)-bad, len(all))
	}
	at.quiet(id)
	synctest.Wait()
	if !enough {
		for _, h := range all {
			h.setDown(false)
		}
		if got := f.copies(id); len(got) > 0 {
			t.Errorf("a Create that failed left copies on %v", got)
		}
		return
	}
	if got, want := f.copies(id), ids(all[bad:]); !slices.Equal(got, want) {
		t.Errorf("copies are on %v, want %v", got, want)
	}
	at.wantRead(id, data)
}

func TestABodyThatFailsLeavesNothingAnywhere(t *testing.T) {
	for _, n := range []int{1, 3, 5, 7} {
		f := newFleet(t, n)
		for i, at := range []int{0, 1, mib, 2 * mib} {
			id := blob.ID(fmt.Sprint("a-", i))
			refused := errors.New("the digest differs")
			body := io.MultiReader(bytes.NewReader(content(id, 2*mib)[:at]), iotest.ErrReader(refused))
			_, err := f.nodes["n0"].Create(t.Context(), id, body, 2*mib)
			if !errors.Is(err, refused) {
				t.Errorf("got %v, want the error of the body", err)
			}
			if got := f.copies(id); len(got) > 0 {
				t.Errorf("%d nodes, body fails at %d: copies are on %v", n, at, got)
			}
		}
	}
}

func TestAnotherNodesBlob(t *testing.T) {
	f := newFleet(t, 9)
	id := blob.ID("a")
	var stranger *node
	for _, n := range f.nodes {
		if !holds(n.id, id, f.current()) {
			stranger = n
		}
	}
	data := content(id, 3*mib)
	stranger.mustPut(id, data)
	f.wantCopies(id, ids(f.holders(id, ""))...)
	for _, n := range f.nodes {
		n.wantRead(id, data)
	}
	if err := stranger.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f.wantCopies(id)
}

// gate lets Creates of a node read to their end and then wait.
type gate struct {
	open    chan struct{}
	reached sync.WaitGroup
}

func newGate(waiters int) *gate {
	g := &gate{open: make(chan struct{})}
	g.reached.Add(waiters)
	return g
}

func (g *gate) hook(ctx context.Context, _ blob.ID, r io.Reader) (io.Reader, error) {
	return &gated{ctx, r, g}, nil
}

type gated struct {
	ctx context.Context
	r   io.Reader
	g   *gate
}

func (g *gated) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if err == io.EOF {
		g.g.reached.Done()
		select {
		case <-g.g.open:
		case <-g.ctx.Done():
			return n, g.ctx.Err()
		}
	}
	return n, err
}

func TestTheRestGoesOnInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		g := newGate(1)
		f.nodes["n2"].disk.onCreate(g.hook)
		data := content("a", 3*mib)
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := f.nodes["n0"].Create(ctx, "a", bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		cancel() // the request is over
		g.reached.Wait()
		synctest.Wait()
		if got := f.copies("a"); len(got) != 2 {
			t.Errorf("copies are on %v, want two", got)
		}
		close(g.open)
		f.nodes["n0"].quiet("a")
		f.wantCopies("a", "n0", "n1", "n2")
	})
}

func TestDeleteEndsWhatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		g := newGate(1)
		f.nodes["n2"].disk.onCreate(g.hook)
		f.nodes["n0"].mustPut("a", content("a", 3*mib))
		g.reached.Wait()
		if err := f.nodes["n0"].Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		close(g.open)
		synctest.Wait()
		f.wantCopies("a")
		if due := f.nodes["n0"].outbox.due(); len(due) > 0 {
			t.Errorf("a deleted blob is still hinted: %v", due)
		}
	})
}

// TestAHolderThatStalls: it is given up after a bounded wait and gets the blob
// later, by itself; the next Create does not wait for it at all.
func TestAHolderThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		for _, n := range f.nodes {
			n.run()
		}
		slow := f.nodes["n2"]
		slow.disk.onCreate(func(ctx context.Context, id blob.ID, r io.Reader) (io.Reader, error) {
			_, _ = io.CopyN(io.Discard, r, 10)
			return hanging(ctx, id, r)
		})
		began := time.Now()
		f.nodes["n0"].mustPut("a", content("a", 8*mib))
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the first Create took %v, want the 10 s of Stall", took)
		}
		began = time.Now()
		f.nodes["n0"].mustPut("b", content("b", 8*mib))
		if took := time.Since(began); took != 0 {
			t.Errorf("the second Create waited for %v", took)
		}
		slow.disk.onCreate(nil)
		f.wantCopies("a", "n0", "n1", "n2")
		f.wantCopies("b", "n0", "n1", "n2")
	})
}

// TestOnlySoManyLinger: what Creates hold behind their return is bounded, and a
// holder that hangs is told of every blob.
func TestOnlySoManyLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		f.nodes["n2"].disk.onCreate(hanging)
		n := f.nodes["n0"]
		for i := range maxLagging + 10 {
			n.mustPut(blob.ID(fmt.Sprintf("a-%d", i)), content("a", 1000))
			synctest.Wait()
		}
		if got := n.lagging.Load(); got != maxLagging {
			t.Errorf("%d Creates linger, want %d", got, maxLagging)
		}
		time.Sleep(n.opt.Stall)
		synctest.Wait()
		if got := n.lagging.Load(); got != 0 {
			t.Errorf("%d Creates linger behind Stall", got)
		}
		if got := len(n.outbox.due()["n2"]); got != maxLagging+10 {
			t.Errorf("%d blobs are hinted, want %d", got, maxLagging+10)
		}
		if !n.health.suspect("n2") {
			t.Error("a holder that hangs is not suspected")
		}
	})
}

// TestASlowClientIsNoStalledHolder: who has nothing to do is not given up.
func TestASlowClientIsNoStalledHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		data := content("a", 2*mib)
		pause := &pausingReader{r: bytes.NewReader(data), every: 300 << 10, d: time.Minute}
		if _, err := f.nodes["n0"].Create(t.Context(), "a", pause, int64(len(data))); err != nil {
			t.Fatal(err)
		}
		f.nodes["n0"].quiet("a")
		f.wantCopies("a", "n0", "n1", "n2")
	})
}

type pausingReader struct {
	r     io.Reader
	every int
	d     time.Duration
}

func (p *pausingReader) Read(b []byte) (int, error) {
	time.Sleep(p.d)
	return p.r.Read(b[:min(len(b), p.every)])
}

// TestALocalSyncFailureIsTold by the error, or to who ends the process when the
// others were a majority before.
func TestALocalSyncFailureIsTold(t *testing.T) {
	told := make(chan error, 100)
	f := newFleet(t, 3, func(o *Options) { o.Failed = func(err error) { told <- err } })
	f.nodes["n0"].disk.onCreate(failing(0, fmt.Errorf("disk: %w", blob.ErrSync)))
	for i := range 20 {
		err := f.nodes["n0"].put(blob.ID(fmt.Sprint("a-", i)), content("a", 100))
		if err == nil {
			err = <-told
		}
		if !errors.Is(err, blob.ErrSync) {
			t.Errorf("its own: got %v, want ErrSync", err)
		}
	}
	f.nodes["n2"].setDown(true)
	if err := f.nodes["n0"].put("b", content("b", 100)); !errors.Is(err, blob.ErrSync) {
		t.Errorf("its own, without which there is no majority: got %v, want ErrSync", err)
	}
	if err := f.nodes["n1"].put("c", content("c", 100)); errors.Is(err, blob.ErrSync) || !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("a peer's: got %v, want ErrUnavailable and no ErrSync", err)
	}
}

// TestOtherBytesAreReplaced: a holder that stored something else does not
// count, and gets the right bytes.
func TestOtherBytesAreReplaced(t *testing.T) {
	f := newFleet(t, 3)
	for _, n := range f.nodes {
		n.run()
	}
	var once sync.Once
	f.nodes["n1"].disk.onCreate(func(ctx context.Context, id blob.ID, r io.Reader) (_ io.Reader, err error) {
		once.Do(func() { r, err = flipping(ctx, id, r) })
		return r, err
	})
	data := content("a", mib)
	f.nodes["n0"].mustPut("a", data)
	eventually(t, "n1 has the right bytes", func() bool {
		got, err := f.nodes["n1"].disk.Stat(t.Context(), "a")
		return err == nil && got == info("a", data)
	})
}

func TestNobodyKnown(t *testing.T) {
	f := newFleet(t, 3)
	f.setMembers()
	if err := f.nodes["n0"].put("a", nil); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if _, err := f.nodes["n0"].get("a", 0, -1); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("open: got %v, want ErrUnavailable: who is to say that there is none", err)
	}
}

// TestAMinorityThatHasTheBlob: an earlier Create that failed may have left it
// there; equal bytes count, others do not.
func TestAMinorityThatHasTheBlob(t *testing.T) {
	f := newFleet(t, 3)
	data := content("a", mib)
	if _, err := f.nodes["n1"].disk.Create(t.Context(), "a", bytes.NewReader(data), mib); err != nil {
		t.Fatal(err)
	}
	f.nodes["n2"].setDown(true)
	f.nodes["n0"].mustPut("a", data)
	if _, err := f.nodes["n1"].disk.Create(t.Context(), "b", strings.NewReader("other"), 5); err != nil {
		t.Fatal(err)
	}
	if err := f.nodes["n0"].put("b", data); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("other bytes: got %v, want ErrUnavailable", err)
	}
}

func BenchmarkCreate(b *testing.B) {
	data := content("a", mib)
	for _, n := range []int{1, 3, 5} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := newFleet(b, n)
			b.SetBytes(mib)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				id := blob.ID(fmt.Sprint(i))
				f.nodes["n0"].mustPut(id, data)
				if err := f.nodes["n0"].Delete(b.Context(), id); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
