package peer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	secret = []byte("the secret of the tests of peer")
	other  = []byte("the secret of another cluster..")
)

// A fleet is a set of ports that know each other.
type fleet struct {
	t     *testing.T
	mu    sync.Mutex
	ports map[string]*Port
	cut   map[string]bool // nodes that nothing reaches or leaves
	conns map[*cutConn]struct{}
	dials map[string]int // by who dials
}

func newFleet(t *testing.T, nodes ...string) *fleet {
	f := &fleet{t: t, ports: map[string]*Port{}, cut: map[string]bool{}, conns: map[*cutConn]struct{}{}, dials: map[string]int{}}
	for _, n := range nodes {
		f.open(n)
	}
	return f
}

// open opens a node's port, in cluster "c"; the test's end closes it.
func (f *fleet) open(node string, change ...func(*Options)) *Port {
	f.t.Helper()
	o := Options{Node: node, Listen: "127.0.0.1:0", Creds: creds(f.t, secret, node), Book: f.book, Dial: f.dialer(node), Log: slog.New(slog.NewTextHandler(f.t.Output(), nil))}
	for _, c := range change {
		c(&o)
	}
	p, err := Listen(o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := p.Close(); err != nil {
			f.t.Error(err)
		}
	})
	p.SetCluster("c")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ports[node] = p
	return p
}

func (f *fleet) book(node string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.ports[node]; p != nil {
		return p.Addr(), true
	}
	return "", false
}

var errCut = errors.New("the link is cut")

// A cutConn is a connection that a cut of one of its ends closes.
type cutConn struct {
	net.Conn
	f        *fleet
	from, to string
}

func (c *cutConn) Close() error {
	c.f.mu.Lock()
	delete(c.f.conns, c)
	c.f.mu.Unlock()
	return c.Conn.Close()
}

func (f *fleet) dialer(from string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		f.mu.Lock()
		f.dials[from]++
		to := ""
		for n, p := range f.ports {
			if p.Addr() == addr {
				to = n
			}
		}
		cut := f.cut[from] || f.cut[to]
		f.mu.Unlock()
		if cut {
			return nil, errCut
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		c := &cutConn{Conn: conn, f: f, from: from, to: to}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.cut[from] || f.cut[to] { // meanwhile
			conn.Close()
			return nil, errCut
		}
		f.conns[c] = struct{}{}
		return c, nil
	}
}

func (f *fleet) dialed(node string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dials[node]
}

// sever cuts a node off and closes its connections, or heals it.
func (f *fleet) sever(node string, off bool) {
	f.mu.Lock()
	f.cut[node] = off
	var closing []*cutConn
	for c := range f.conns {
		if off && (c.from == node || c.to == node) {
			closing = append(closing, c)
		}
	}
	f.mu.Unlock()
	for _, c := range closing {
		_ = c.Close()
	}
}

func creds(t *testing.T, secret []byte, node string) Credentials {
	t.Helper()
	c, err := FromSecret(secret, node)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// request is one with a body, if it is not "".
func request(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, path, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// answer is the status and the body of a response, which it closes.
func answer(t *testing.T, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// echo answers with who asked and what was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, r.Header.Get(HeaderFrom)+" "+r.URL.RequestURI()+" "+string(b))
}
