package peer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
)

func TestCall(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("POST /echo", http.HandlerFunc(echo))
	req := request(t, "POST", "/echo?x=1", "hello")
	resp, err := f.ports["a"].Do(within(t), "b", req)
	if err == nil && resp.Header.Get(HeaderNode) != "b" {
		t.Errorf("got node %q, want b", resp.Header.Get(HeaderNode))
	}
	if status, body := answer(t, resp, err); status != 200 || body != "a /echo?x=1 hello" {
		t.Errorf("got %d %q, want 200, from a", status, body)
	}
	if req.URL.Host != "" || len(req.Header) != 0 {
		t.Errorf("the caller's request was changed: %v %v", req.URL, req.Header)
	}
	resp, err = f.ports["a"].Do(within(t), "b", request(t, "GET", "/nothing", ""))
	if status, _ := answer(t, resp, err); status != 404 {
		t.Errorf("got %d for a path without handler, want 404", status)
	}
	f.ports["b"].Handle("/nothing", http.HandlerFunc(echo))
	resp, err = f.ports["a"].Do(within(t), "b", request(t, "GET", "/nothing", ""))
	if status, _ := answer(t, resp, err); status != 200 {
		t.Errorf("got %d for a handler that came later, want 200", status)
	}
}

// TestRefusalOfHandler: what a handler answers is a response.
func TestRefusalOfHandler(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/no", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusMisdirectedRequest)
	}))
	resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/no", ""))
	if status, _ := answer(t, resp, err); status != 421 {
		t.Errorf("got %d, want the handler's 421", status)
	}
}

func TestUnknownNode(t *testing.T) {
	f := newFleet(t, "a")
	_, err := f.ports["a"].Do(within(t), "z", request(t, "POST", "/", "x"))
	if !errors.Is(err, ErrUnknownNode) {
		t.Errorf("got %v, want ErrUnknownNode", err)
	}
}

// TestConnectionsAreKept: calls one after the other share a connection, and a
// crowd keeps what it has opened.
func TestConnectionsAreKept(t *testing.T) {
	f := newFleet(t, "a", "b")
	all := make(chan struct{})
	var here sync.WaitGroup
	f.ports["b"].Handle("/meet", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		here.Done()
		select {
		case <-all:
		case <-r.Context().Done():
		}
	}))
	f.ports["b"].Handle("/echo", http.HandlerFunc(echo))
	for range 5 {
		resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/echo", ""))
		answer(t, resp, err)
	}
	if n := f.dialed("a"); n != 1 {
		t.Errorf("got %d connections for calls one by one, want 1", n)
	}
	const crowd = 20
	var calls sync.WaitGroup
	here.Add(crowd)
	for range crowd {
		calls.Go(func() {
			resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/meet", ""))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	here.Wait()
	close(all)
	calls.Wait()
	opened := f.dialed("a")
	for range crowd {
		resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/echo", ""))
		answer(t, resp, err)
	}
	if n := f.dialed("a"); n != opened {
		t.Errorf("%d connections were opened after the crowd, want none", n-opened)
	}
}

// TestAddressChanges: a new address counts at once, though there are idle
// connections to the old one.
func TestAddressChanges(t *testing.T) {
	f := newFleet(t, "a", "b")
	old := f.ports["b"]
	old.Handle("/where", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("old")) }))
	where := func() string {
		resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/where", ""))
		_, body := answer(t, resp, err)
		return body
	}
	if got := where(); got != "old" {
		t.Fatalf("got %q, want old", got)
	}
	moved := f.open("b")
	moved.Handle("/where", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("new")) }))
	f.ports["a"].SetBook(func(string) (string, bool) { return moved.Addr(), true })
	if got := where(); got != "new" {
		t.Errorf("got %q, want new", got)
	}
	f.ports["a"].SetBook(func(string) (string, bool) { return old.Addr(), true })
	if got := where(); got != "old" {
		t.Errorf("got %q, want old again", got)
	}
}

func TestContextEndsCall(t *testing.T) {
	f := newFleet(t, "a", "b")
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan struct{})
	f.ports["b"].Handle("/wait", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		close(ended)
	}))
	if _, err := f.ports["a"].Do(ctx, "b", request(t, "GET", "/wait", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	<-ended // the other side saw it
}

// TestStalledPeer: who takes connections and says nothing holds a call no
// longer than its context.
func TestStalledPeer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := newFleet(t, "a")
	f.ports["a"].SetBook(func(string) (string, bool) { return l.Addr().String(), true })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1)) // its hello has come
		cancel()
		_, _ = conn.Read(make([]byte, 1<<16))
		_, _ = conn.Read(make([]byte, 1)) // until it is closed
	}()
	if _, err := f.ports["a"].Do(ctx, "b", request(t, "GET", "/", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
