package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The end of a stream, and that of a connection, wait for the link as bytes do.
func TestCloseWhileCut(t *testing.T) {
	n, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	n.Cut("a", "b")
	say(t, near, "last words")
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	silent(t, far)
	n.Heal()
	hear(t, far, "last words")
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
}

func TestIsolateAndSplit(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	n, h := hosts(t, names...)
	type end struct {
		from, to string
		conn     [2]net.Conn
	}
	var ends []end
	for _, from := range h {
		for _, to := range h {
			near, far := from.dial(to) // to itself too
			ends = append(ends, end{from.name, to.name, [2]net.Conn{near, far}})
		}
	}
	check := func(what string, cut func(a, b string) bool) {
		t.Helper()
		var wg sync.WaitGroup
		for _, e := range ends {
			wg.Go(func() {
				for i := range e.conn {
					say(t, e.conn[i], what)
					if cut(e.from, e.to) {
						silent(t, e.conn[1-i])
					} else {
						hear(t, e.conn[1-i], what)
					}
				}
			})
		}
		wg.Wait()
		n.Heal()
		for _, e := range ends {
			for i := range e.conn {
				if cut(e.from, e.to) {
					hear(t, e.conn[1-i], what)
				}
			}
		}
	}
	n.Isolate("b")
	check("isolated", func(a, b string) bool { return a != b && (a == "b" || b == "b") })
	n.Split([]string{"a", "b"}, []string{"c"}, []string{"d"})
	group := map[string]int{"a": 1, "b": 1, "c": 2, "d": 3}
	check("split", func(a, b string) bool { return group[a] != group[b] })
}

// What is sent over a slow link arrives later, in order, and not at all while it
// is slower than anybody waits.
func TestSlow(t *testing.T) {
	n, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	n.Slow("a", "b", time.Hour)
	say(t, near, "one ")
	silent(t, far)
	say(t, far, "back")
	hear(t, near, "back")
	n.Slow("a", "b", 5*time.Millisecond)
	say(t, near, "two ")
	n.Slow("a", "b", 0)
	say(t, near, "three")
	hear(t, far, "one two three")
}

func TestClosedNet(t *testing.T) {
	n, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	n.Isolate("a")
	waits := make(chan error)
	go func() {
		_, err := n.Dialer("a")(context.Background(), "b", h[1].l.Addr().String())
		waits <- err
	}()
	n.Close()
	dead(t, near)
	dead(t, far)
	if err := <-waits; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a dial that waited: %v", err)
	}
	n.Close()
}

// Requests over a network that does not keep still: each is answered with its
// own bytes or fails, and all are once it is healed.
func TestRequestsOverTurmoil(t *testing.T) {
	n := New()
	defer n.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil {
			w.Write(b)
		}
	}))
	defer srv.Close()
	dial := n.Dialer("a")
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return dial(ctx, "b", addr) }}}
	defer client.CloseIdleConnections()
	ask := func(text string) error {
		res, err := client.Post(srv.URL, "", strings.NewReader(text))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil && string(b) != text {
			t.Errorf("%d bytes of %d, or others", len(b), len(text))
		}
		return err
	}
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			switch i % 5 {
			case 0:
				n.Cut("a", "b")
			case 1:
				n.Kill("b")
			case 2:
				n.Slow("b", "a", time.Millisecond)
			case 3:
				n.Reset("a", "b")
			}
			n.Heal()
			time.Sleep(time.Millisecond)
		}
	})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for range 50 {
				_ = ask(strings.Repeat(string(rune('a'+i)), 50<<10)) // may fail
			}
		})
	}
	clients.Wait()
	stop()
	wg.Wait()
	n.Heal()
	for range 10 {
		if err := ask("calm"); err != nil {
			t.Errorf("after the turmoil: %v", err)
		}
	}
}
