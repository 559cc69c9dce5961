package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/cluster"
)

func (d *desk) summary() (s Summary) {
	d.t.Helper()
	r, body := d.ask("GET", "/admin/cluster/status", "")
	if err := json.Unmarshal([]byte(body), &s); err != nil || r.StatusCode != 200 {
		d.t.Fatalf("status: %d %s", r.StatusCode, body)
	}
	return s
}

func TestStatusOfAClusterThatIsWell(t *testing.T) {
	s := newDesk(t).summary()
	nodes := s.Nodes
	s.Nodes = nil
	want := Summary{Leader: "a", Term: 3, Quorum: true, Voters: 3, VotersReachable: 3, Blobs: BlobSummary{Total: 100, Unreachable: []string{}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	c := Node{ID: "c", Addr: "c.example:9100", Voter: true, Reachable: true, Role: "follower", Leader: "a", Term: 3, Commit: 40, Applied: 33, Lag: 7,
		LastLog: 41, LastSnapshot: 20, LastContactMS: 12, Blobs: Blobs{Held: 100, Complete: true}}
	if len(nodes) != 3 || nodes[0].ID != "a" || nodes[0].Lag != 0 || cmp.Diff(c, nodes[2]) != "" {
		t.Errorf("nodes are %+v", nodes)
	}
}

// A quorum is a majority of all voters that answer and follow one leader in its
// term: not one of non-voters, nor of the voters that answer, nor of two terms.
func TestQuorum(t *testing.T) {
	for name, tc := range map[string]struct {
		change func([]cluster.NodeStatus) []cluster.NodeStatus
		leader string
		quorum bool
	}{
		"one voter is gone": {func(n []cluster.NodeStatus) []cluster.NodeStatus { n[0] = unreachable("c", true); return n }, "a", true},
		"two are gone": {func(n []cluster.NodeStatus) []cluster.NodeStatus {
			n[0], n[2] = unreachable("c", true), unreachable("b", true)
			return n
		}, "a", false},
		"the leader is gone":         {func(n []cluster.NodeStatus) []cluster.NodeStatus { n[1] = unreachable("a", true); return n }, "", false},
		"another is in a later term": {func(n []cluster.NodeStatus) []cluster.NodeStatus { n[0].Term = 4; return n }, "a", true},
		"the others have left it": {func(n []cluster.NodeStatus) []cluster.NodeStatus {
			n[0].Term, n[2].Term, n[0].Role, n[0].Leader, n[2].Leader = 4, 4, "leader", "c", "c"
			return n
		}, "c", true},
		"nobody follows": {func(n []cluster.NodeStatus) []cluster.NodeStatus { n[0].Leader, n[2].Leader = "", ""; return n }, "a", false},
		"non-voters do not count": {func(n []cluster.NodeStatus) []cluster.NodeStatus {
			n[0].Voter = false
			return append(n, unreachable("d", true), unreachable("e", true))
		}, "a", false},
		"a non-voter may be gone": {func(n []cluster.NodeStatus) []cluster.NodeStatus { return append(n, unreachable("d", false)) }, "a", true},
		"nobody":                  {func([]cluster.NodeStatus) []cluster.NodeStatus { return nil }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.band.nodes = tc.change(d.band.nodes)
			if s := d.summary(); s.Leader != tc.leader || s.Quorum != tc.quorum {
				t.Errorf("leader %q, quorum %v; want %q, %v", s.Leader, s.Quorum, tc.leader, tc.quorum)
			}
		})
	}
}

func shared(ns []cluster.NodeStatus) {
	for i := range ns {
		ns[i].Blobs = cluster.BlobStatus{Shared: true, Complete: true}
	}
}

func lacks(n *cluster.NodeStatus, missing int, ids ...string) {
	n.Blobs = cluster.BlobStatus{Held: 100 - missing, Missing: missing, MissingIDs: ids}
}

func TestBlobsBelowR(t *testing.T) {
	for name, tc := range map[string]struct {
		change func([]cluster.NodeStatus)
		want   BlobSummary
	}{
		"each once": {func(n []cluster.NodeStatus) { lacks(&n[0], 2, "x", "y"); lacks(&n[1], 2, "y", "z") },
			BlobSummary{BelowR: 3, KnownBelowR: 3, Total: 100}},
		"a list that was cut": {func(n []cluster.NodeStatus) { lacks(&n[0], 50, "x", "y"); lacks(&n[1], 1, "z") },
			BlobSummary{BelowR: 50, KnownBelowR: 50, AtLeast: true, Total: 100}},
		"a voter is unreachable": {func(n []cluster.NodeStatus) { lacks(&n[0], 2, "x", "y"); n[2] = unreachable("b", true) },
			BlobSummary{BelowR: 100, KnownBelowR: 2, Total: 100, Unreachable: []string{"b"}}},
		"a non-voter has none yet":   {func(n []cluster.NodeStatus) { lacks(&n[0], 90, "x"); n[0].Voter = false }, BlobSummary{Total: 100}},
		"a non-voter is unreachable": {func(n []cluster.NodeStatus) { n[2] = unreachable("b", false) }, BlobSummary{Total: 100}},
		"in one store":               {func(n []cluster.NodeStatus) { shared(n) }, BlobSummary{Shared: true}},
		"in one store, one is away":  {func(n []cluster.NodeStatus) { shared(n); n[2] = unreachable("b", true) }, BlobSummary{Shared: true, Unreachable: []string{"b"}}},
		"lost":                       {func(n []cluster.NodeStatus) { lacks(&n[0], 1, "x"); n[0].Blobs.Lost = 1 }, BlobSummary{BelowR: 1, KnownBelowR: 1, Total: 100, Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			tc.change(d.band.nodes)
			if tc.want.Unreachable == nil {
				tc.want.Unreachable = []string{}
			}
			if diff := cmp.Diff(tc.want, d.summary().Blobs); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOrders(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		call               string
	}{
		"add":                {"POST", "/admin/cluster/nodes", `{"id": "d", "addr": "d.example:9100"}`, 201, "add d d.example:9100"},
		"remove":             {"DELETE", "/admin/cluster/nodes/b", "", 204, "remove b"},
		"remove an odd id":   {"DELETE", "/admin/cluster/nodes/b%2Fc%20d", "", 204, "remove b/c d"},
		"remove by force":    {"DELETE", "/admin/cluster/nodes/b?force=true", "", 204, "remove b by force"},
		"not by force":       {"DELETE", "/admin/cluster/nodes/b?force=false", "", 204, "remove b"},
		"transfer":           {"POST", "/admin/cluster/leader", `{"id": "b"}`, 204, "transfer b"},
		"transfer to anyone": {"POST", "/admin/cluster/leader", "", 204, "transfer "},
		"snapshot":           {"POST", "/admin/cluster/raft/snapshot", "", 200, "snapshot"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			r, body := d.ask(tc.method, tc.path, tc.body)
			if r.StatusCode != tc.status || strings.Join(d.band.calls, "; ") != tc.call {
				t.Errorf("got %d %s, and %q; want %d and %q", r.StatusCode, body, d.band.calls, tc.status, tc.call)
			}
		})
	}
}

func TestRaftOfThisNode(t *testing.T) {
	d := newDesk(t)
	if _, body := d.ask("GET", "/admin/cluster/raft/stats", ""); !strings.Contains(body, `"state": "Leader"`) {
		t.Errorf("stats: %s", body)
	}
	if _, body := d.ask("POST", "/admin/cluster/raft/snapshot", ""); !strings.Contains(body, `"last_snapshot_index": 20`) {
		t.Errorf("snapshot: %s", body)
	}
	if _, body := d.ask("GET", "/admin/cluster/raft/hash", ""); !strings.Contains(body, `"applied": 40`) || !strings.Contains(body, `"hash": "c0ffee"`) {
		t.Errorf("hash: %s", body)
	}
	if _, body := d.ask("GET", "/admin/cluster/nodes", ""); strings.Count(body, `"addr"`) != 3 {
		t.Errorf("nodes: %s", body)
	}
}

func TestWhatIsNotUnderstood(t *testing.T) {
	d := newDesk(t)
	for _, body := range []string{"", "{", "[]", `{"id":"d"}`, `{"id":"","addr":"d:1"}`, `{"id":"d","addr":"d"}`, `{"id":"d","addr":":9"}`, `{"id":"d","addr":"d:0"}`,
		`{"id":"d","addr":"d:x"}`, `{"id":"d","addr":"d:1","vote":true}`, `{"id":"d","addr":"d:1"}{}`, `{"id":"d\u0000","addr":"d:1"}`,
		`{"id":"` + strings.Repeat("d", 300) + `","addr":"d:1"}`, `{"id":"d","addr":"` + strings.Repeat("d", 70<<10) + `:1"}`} {
		d.refused(400, "BadRequest", "POST", "/admin/cluster/nodes", body)
	}
	d.refused(400, "BadRequest", "DELETE", "/admin/cluster/nodes/b?force=perhaps", "")
	d.refused(400, "BadRequest", "POST", "/admin/cluster/leader", "b")
	d.refused(404, "NotFound", "GET", "/admin/cluster", "")
	d.refused(404, "NotFound", "GET", "/admin/cluster/nodes/b/c", "")
	if r := d.refused(405, "MethodNotAllowed", "PUT", "/admin/cluster/nodes", ""); r.Header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow is %q", r.Header.Get("Allow"))
	}
	if len(d.band.calls) > 0 {
		t.Errorf("it did %v", d.band.calls)
	}
}

func TestFailures(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{cluster.ErrUnknownMember, 404, "UnknownNode"},
		{cluster.ErrKnown, 409, "KnownNode"},
		{cluster.ErrAddrTaken, 409, "AddrTaken"},
		{cluster.ErrNotVoter, 409, "NotAVoter"},
		{cluster.ErrQuorum, 409, "Quorum"},
		{cluster.ErrLastVoter, 409, "LastVoter"},
		{fmt.Errorf("%w: 3 blobs", ErrLastCopy), 409, "LastCopy"},
		{&cluster.RefusedError{Err: cluster.ErrNoLeader}, 503, "NoLeader"},
		{&cluster.RefusedError{Err: cluster.ErrNoQuorum}, 503, "NoLeader"},
		{cluster.ErrBehind, 503, "Behind"},
		{cluster.ErrClosed, 503, "Closed"},
		{context.DeadlineExceeded, 503, "Timeout"},
		{&cluster.UnknownOutcomeError{Err: cluster.ErrNotLeader}, 500, "Unclear"},
		{errors.New("disk"), 500, "Internal"},
	} {
		d := newDesk(t)
		d.band.err = fmt.Errorf("change: %w", tc.err)
		d.refused(tc.status, tc.code, "POST", "/admin/cluster/nodes", `{"id":"d","addr":"d:1"}`)
		d.refused(tc.status, tc.code, "DELETE", "/admin/cluster/nodes/b", "")
		d.refused(tc.status, tc.code, "POST", "/admin/cluster/leader", "")
		d.refused(tc.status, tc.code, "POST", "/admin/cluster/raft/snapshot", "")
		if len(d.band.calls) != 4 {
			t.Errorf("%v: it was tried %d times", tc.err, len(d.band.calls))
		}
	}
}

func TestOneNode(t *testing.T) {
	d := newDesk(t)
	d.c.Cluster = func() Cluster { return nil }
	for _, e := range every[1:8] {
		d.refused(501, "NotACluster", e.method, e.path, "")
	}
}

func TestNotOpenYet(t *testing.T) {
	d := newDesk(t)
	d.c.Open = func() bool { return false }
	for _, e := range every {
		d.refused(503, "NotOpen", e.method, e.path, "")
	}
	d.refused(401, "Unauthorized", http.MethodGet, "/admin/", "", authorization(""))
}
