package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/reference/cluster"
)

// A band is a cluster that remembers what it was told, and fails as told.
type band struct {
	mu    sync.Mutex
	nodes []cluster.NodeStatus
	calls []string
	err   error
}

func (b *band) note(call ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, strings.Join(call, " "))
	return b.err
}

func (b *band) Survey(context.Context) []cluster.NodeStatus { return b.nodes }

func (b *band) Add(_ context.Context, id, addr string) error { return b.note("add", id, addr) }

func (b *band) Remove(_ context.Context, id string, force bool) error {
	if force {
		return b.note("remove", id, "by force")
	}
	return b.note("remove", id)
}

func (b *band) Transfer(_ context.Context, id string) error { return b.note("transfer", id) }

func (b *band) Raft() Raft { return (*part)(b) }

type part band

func (p *part) Status() cluster.NodeStatus     { return p.nodes[0] }
func (p *part) Stats() map[string]string       { return map[string]string{"state": "Leader", "term": "3"} }
func (p *part) Snapshot(context.Context) error { return (*band)(p).note("snapshot") }
func (p *part) Hash(context.Context) (string, uint64, error) {
	return "c0ffee", 40, (*band)(p).note("hash")
}

const token = "a token that nobody guesses"

// trio is a cluster of three voters that is well.
func trio() []cluster.NodeStatus {
	node := func(id, role string, applied uint64) cluster.NodeStatus {
		return cluster.NodeStatus{ID: id, Addr: id + ".example:9100", Role: role, Leader: "a", Voter: true, Term: 3, Commit: 40,
			Applied: applied, LastLog: 41, LastSnapshot: 20, LastContactMS: 12, Blobs: cluster.BlobStatus{Held: 100, Complete: true}}
	}
	return []cluster.NodeStatus{node("c", "follower", 33), node("a", "leader", 40), node("b", "follower", 40)}
}

func unreachable(id string, voter bool) cluster.NodeStatus {
	return cluster.NodeStatus{ID: id, Addr: id + ".example:9100", Voter: voter, Err: "dial tcp: connection refused"}
}

// A desk is a handler under test; change what it serves before the first request.
type desk struct {
	t    *testing.T
	c    Config
	band *band
}

func newDesk(t *testing.T) *desk {
	b := &band{nodes: trio()}
	return &desk{t: t, band: b, c: Config{
		Token: token, Open: func() bool { return true }, Cluster: func() Cluster { return b },
		Backup: func(context.Context, io.Writer) error { return nil },
		Now:    func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}}
}

// ask sends a request with the token and returns the answer with its body.
func (d *desk) ask(method, path, body string, change ...func(*http.Request)) (*http.Response, string) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	Handler(d.c).ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// code is the code of an error document, "" for any other.
func (d *desk) code(body string) string {
	var e struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(body), &e) != nil || e.Error.Message == "" {
		return ""
	}
	return e.Error.Code
}

// refused demands an answer of that status and code.
func (d *desk) refused(status int, code, method, path, body string, change ...func(*http.Request)) *http.Response {
	d.t.Helper()
	r, got := d.ask(method, path, body, change...)
	if r.StatusCode != status || d.code(got) != code || r.Header.Get("Content-Type") != "application/json" {
		d.t.Errorf("%s %s: got %d %s, want %d %s", method, path, r.StatusCode, got, status, code)
	}
	return r
}
