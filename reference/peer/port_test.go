package peer

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"
	"go.uber.org/goleak"
)

// TestOnePort: both protocols go by one port, and every connection by Dial.
func TestOnePort(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/hello", http.HandlerFunc(echo))
	attend(t, f.ports["b"].Transport(always), agree)
	a := f.ports["a"].Transport(always)
	for i, use := range []func() error{
		func() error { return <-call(a, entries()) },
		func() error {
			resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/hello", ""))
			answer(t, resp, err)
			return err
		},
		func() error {
			resp, err := f.ports["a"].DoAddr(within(t), f.ports["b"].Addr(), request(t, "GET", "/hello", ""))
			answer(t, resp, err)
			return err
		},
	} {
		if err := use(); err != nil {
			t.Error(err)
		}
		if n := f.dialed("a"); n != i+1 {
			t.Errorf("%d connections went by Dial, want %d", n, i+1)
		}
	}
	f.sever("b", true)
	for name, err := range map[string]error{
		"raft": f.ports["a"].raft.net.AppendEntries("b", "b", entries(), &raft.AppendEntriesResponse{}),
		"Do":   second(f.ports["a"].Do(within(t), "b", request(t, "POST", "/hello", "x"))),
	} {
		if err == nil {
			t.Errorf("%s went over a cut link", name)
		}
	}
	if err := second(f.ports["a"].DoAddr(within(t), f.ports["b"].Addr(), request(t, "GET", "/hello", ""))); !errors.Is(err, errCut) {
		t.Errorf("got %v, want the error of Dial", err)
	}
}

func second(_ *http.Response, err error) error { return err }

// TestCloseEndsEverything: with a handler that runs, a body half read, idle
// connections, streams and a call that is repeated, nothing is left.
func TestCloseEndsEverything(t *testing.T) {
	f := newFleet(t, "a", "b")
	a, b := f.ports["a"], f.ports["b"]
	attend(t, b.Transport(always), agree)
	at := a.Transport(always)
	if err := <-call(at, entries()); err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	var left atomic.Bool
	b.Handle("/wait", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		left.Store(true)
	}))
	b.Handle("/long", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, noise(1, 1<<30)) }))
	waits := make(chan error, 1)
	go func() { waits <- second(a.Do(within(t), "b", request(t, "GET", "/wait", ""))) }()
	<-entered
	resp, err := a.Do(within(t), "b", request(t, "GET", "/long", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if !left.Load() {
		t.Error("Close returned while a handler ran")
	}
	if err := <-waits; err == nil {
		t.Error("a call to a closed port succeeded")
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("a body ended well though its sender was closed")
	}
	repeated := call(at, entries())
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := <-repeated; err == nil {
		t.Error("a call of raft to a closed port succeeded")
	}
	if err := second(a.Do(within(t), "b", request(t, "POST", "/wait", "x"))); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v from a closed port, want ErrClosed", err)
	}
	if conn, err := net.Dial("tcp", b.Addr()); err == nil {
		conn.Close()
		t.Error("a closed port listens")
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// TestCloseTearsAnswers: a handler that leaves because the port is closed does
// not end its answer well, though no length was told.
func TestCloseTearsAnswers(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/half", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/half", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := f.ports["b"].Close(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%q came as a whole", got)
	}
}

// TestNothingRunsOn once a port is closed that others had connected to.
func TestNothingRunsOn(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("use", func(t *testing.T) {
		f := newFleet(t, "a", "b", "c")
		for _, p := range f.ports {
			p.Handle("/echo", http.HandlerFunc(echo))
			attend(t, p.Transport(always), agree)
		}
		for from, p := range f.ports {
			for to := range f.ports {
				resp, err := p.Do(within(t), to, request(t, "POST", "/echo", from))
				answer(t, resp, err)
				if err := p.raft.AppendEntries(raft.ServerID(to), "", entries(), &raft.AppendEntriesResponse{}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	goleak.VerifyNone(t, before)
}

func TestWhatAPortNeeds(t *testing.T) {
	c := creds(t, secret, "a")
	for name, o := range map[string]Options{
		"no node":        {Listen: "127.0.0.1:0", Creds: c},
		"no address":     {Node: "a", Creds: c},
		"no credentials": {Node: "a", Listen: "127.0.0.1:0"},
		"a bad address":  {Node: "a", Listen: "127.0.0.1:port", Creds: c},
	} {
		if p, err := Listen(o); err == nil {
			p.Close()
			t.Errorf("%s: a port was opened", name)
		}
	}
}
