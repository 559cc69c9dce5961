package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim/clock"
	"bleepstore/reference"
)

// order gives an agent an order and returns the status of the answer.
func order(t *testing.T, a *agent, path string) int {
	t.Helper()
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
	return w.Code
}

func TestAgentCrashesAtAPoint(t *testing.T) {
	ends := 0
	a := &agent{clock: clock.New(), end: func() { ends++ }}
	t.Cleanup(func() { a.at("", 0) })
	pass := func(names ...string) {
		for _, n := range names {
			fault.Point(n)
		}
	}
	for _, tc := range []struct {
		order  string
		status int
		pass   []string
		ends   int // so far
	}{
		{"/crash?point=a&n=2", 204, []string{"a", "b", "b"}, 0},
		{"/crash?point=b&n=1", 204, []string{"a"}, 0}, // another order is in its place
		{"/crash?n=0", 204, []string{"b", "a"}, 0},
		{"/crash?point=a&n=2", 204, []string{"b", "a", "a", "a"}, 1}, // once
		{"/crash?point=a", 400, nil, 1},
		{"/crash?n=1", 400, nil, 1},
		{"/crash?point=a&n=-1", 400, []string{"a"}, 1},
	} {
		if got := order(t, a, tc.order); got != tc.status {
			t.Errorf("%s: got %d, want %d", tc.order, got, tc.status)
		}
		if pass(tc.pass...); ends != tc.ends {
			t.Errorf("%s, then %v: ended %d times, want %d", tc.order, tc.pass, ends, tc.ends)
		}
	}
}

func TestAgentSetsTheClock(t *testing.T) {
	a := &agent{clock: clock.New()}
	if got := order(t, a, "/clock?offset=1h&rate=0.5&frozen=false"); got != 204 {
		t.Errorf("got %d", got)
	}
	if d := time.Until(a.clock.Now()); d < 50*time.Minute || d > time.Hour {
		t.Errorf("the clock is %s ahead, want almost an hour", d)
	}
	for _, bad := range []string{"/clock?offset=soon", "/clock?rate=-1", "/clock?frozen=a+little"} {
		if got := order(t, a, bad); got != 400 {
			t.Errorf("%s: got %d, want 400", bad, got)
		}
	}
	if got := order(t, a, "/snapshot"); got != 503 {
		t.Errorf("a snapshot before the server is open: got %d, want 503", got)
	}
	a.watch(reference.Start(t).Server)
	if got := order(t, a, "/snapshot"); got != 501 {
		t.Errorf("a snapshot of a server that is no cluster: got %d, want 501", got)
	}
}

// TestNobodyDisturbs: without the variables there is no agent, and nodes dial as
// ever.
func TestNobodyDisturbs(t *testing.T) {
	s := &service{server: reference.Config{Cluster: &reference.ClusterConfig{}}}
	a, err := disturbable(s, func(string) string { return "" })
	if a != nil || err != nil || s.server.Cluster.Dial != nil || s.server.Clock != nil {
		t.Errorf("got %v %v, %+v", a, err, s.server)
	}
	a.watch(nil)
	a.close()
}

// hub answers each connection with what it is to say, and tells what it was
// asked.
func hub(t *testing.T, say string) (addr string, asked chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	asked = make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			text, _ := bufio.NewReader(c).ReadString('\n')
			asked <- text
			if say != "" {
				_, _ = io.WriteString(c, say)
				c.Close()
			} else {
				t.Cleanup(func() { c.Close() })
			}
		}
	}()
	return l.Addr().String(), asked
}

func TestDialThrough(t *testing.T) {
	addr, asked := hub(t, "ok\nand more")
	c, err := dialThrough(addr)(t.Context(), "n1", "10.0.0.2:9002")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := <-asked; got != "n1 10.0.0.2:9002\n" {
		t.Errorf("asked %q", got)
	}
	if rest, err := io.ReadAll(c); err != nil || string(rest) != "and more" {
		t.Errorf("the stream is %q %v", rest, err)
	}
	for say, want := range map[string]string{"there is no node n1\n": "there is no node n1", "ok": "EOF", strings.Repeat("x", 2000): "no line"} {
		addr, _ := hub(t, say)
		if _, err := dialThrough(addr)(t.Context(), "n1", "n2:1"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %s", say, err, want)
		}
	}
	addr, asked = hub(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := dialThrough(addr)(ctx, "n1", "n2:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
