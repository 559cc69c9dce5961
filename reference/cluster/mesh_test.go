package cluster

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/hashicorp/raft"
)

// A mesh carries requests between the nodes of a test over real HTTP, by node id
// and by address, and says who asks. A node can be cut off.
type mesh struct {
	mu    sync.Mutex
	urls  map[string]*url.URL // by node id, and by address
	cut   map[string]bool
	trans *http.Transport
}

func newMesh(t testing.TB) *mesh {
	m := &mesh{urls: map[string]*url.URL{}, cut: map[string]bool{}, trans: &http.Transport{}}
	t.Cleanup(m.trans.CloseIdleConnections)
	return m
}

// serve makes a handler answer for a node at an address, until stop.
func (m *mesh) serve(node, addr string, h http.Handler) (stop func()) {
	s := httptest.NewServer(h)
	u, _ := url.Parse(s.URL) // httptest has made it
	m.mu.Lock()
	defer m.mu.Unlock()
	m.urls[node], m.urls[addr] = u, u
	return func() {
		m.mu.Lock()
		delete(m.urls, node)
		delete(m.urls, addr)
		m.mu.Unlock()
		m.trans.CloseIdleConnections()
		s.CloseClientConnections()
		s.Close()
	}
}

func (m *mesh) isolate(node string, off bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut[node] = off
}

// A caller is a node's Caller.
type caller struct {
	m    *mesh
	node string
}

var _ Caller = caller{}

func (c caller) Do(ctx context.Context, node string, req *http.Request) (*http.Response, error) {
	c.m.mu.Lock()
	u, cut := c.m.urls[node], c.m.cut[node] || c.m.cut[c.node]
	c.m.mu.Unlock()
	if u == nil || cut {
		return nil, errLost
	}
	req = req.WithContext(ctx)
	req.URL.Scheme, req.URL.Host = u.Scheme, u.Host
	req.Header.Set(headerFrom, c.node)
	return c.m.trans.RoundTrip(req)
}

func (c caller) DoAddr(ctx context.Context, addr string, req *http.Request) (*http.Response, error) {
	return c.Do(ctx, addr, req)
}

// newSeed starts a cluster of one voter, the first of ids, and the others empty
// and alone, all asking each other over a mesh.
func newSeed(t *testing.T, tune func(id string, o *RaftOptions, c *raft.Config), ids ...string) *fleet {
	t.Helper()
	f := newStopped(t, tune, ids...)
	f.mesh = newMesh(t)
	if err := FoundCluster(context.Background(), Dir{Path: f.dirs[ids[0]]}, ids[0], f.addrs[ids[0]]); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		f.start(id)
	}
	return f
}
