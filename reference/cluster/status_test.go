package cluster

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// Every member is asked how it fares, and who does not answer is named too.
func TestSurvey(t *testing.T) {
	t.Parallel()
	f := newSeed(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		o.RoundTimeout = 500 * time.Millisecond
		o.Blobs = func() BlobStatus { return BlobStatus{Held: 3, Complete: true, MissingIDs: []string{id}} }
	}, "a", "b", "c")
	f.admit("b", "c")
	f.lead("a")
	f.bucket()
	f.equal()
	f.mesh.isolate("c", true)
	for _, id := range []string{"a", "b"} {
		got := f.nodes[id].Survey(context.Background())
		if len(got) != 3 {
			t.Fatalf("%d answers", len(got))
		}
		for i, role := range []string{"leader", "follower", ""} {
			s := got[i]
			if s.ID != f.ids[i] || s.Addr != f.ids[i] || !s.Voter || s.Role != role || (s.Err != "") != (i == 2) {
				t.Errorf("at %s: %+v", id, s)
			}
			if i < 2 && (s.Leader != "a" || s.Term == 0 || s.Applied == 0 || s.LastLog < s.Commit || s.LastContactMS < 0 ||
				s.Blobs.Held != 3 || len(s.Blobs.MissingIDs) != 1 || s.Blobs.MissingIDs[0] != s.ID) {
				t.Errorf("at %s: %+v", id, s)
			}
			if i == 2 && s.LastContactMS != -1 {
				t.Errorf("at %s: %+v", id, s)
			}
		}
	}
	f.mesh.isolate("c", false)
	f.stops["c"]()
	f.stops["c"] = f.mesh.serve("c", "c", f.nodes["b"].Handler())
	if got := f.nodes["a"].Survey(context.Background()); len(got) != 3 || got[2].Err == "" || got[2].ID != "c" {
		t.Errorf("another node at the place of c is taken for it: %+v", got)
	}
}

// Keep, Leads and Ready say no as soon as a node is told to end.
func TestKeepAndReady(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c")
	if r := f.nodes["b"]; r.Ready() || r.Leads() || r.Keep("a", r.raft.CurrentTerm()) {
		t.Error("a node without a cluster is ready, or leads")
	}
	f.admit("b")
	l, r := f.lead("a"), f.nodes["b"]
	term := l.raft.CurrentTerm()
	eventually(t, "both are ready", func() bool { return l.Ready() && r.Ready() })
	r.looked.Store(r.db.Applied() + 2) // as if more had been committed by then
	if r.Ready() {
		t.Error("a node that has not applied what was committed is ready")
	}
	if !l.Leads() || !l.Keep("b", term) {
		t.Error("the leader keeps nobody")
	}
	if r.Leads() || l.Keep("c", term) || l.Keep("b", term-1) || l.Keep("b", term+1) || r.Keep("a", term) {
		t.Error("what is not to be kept is kept")
	}
	l.cancel() // the first thing that Close does
	if l.Keep("b", term) || l.Leads() || l.Ready() {
		t.Error("a node that ends keeps others, leads, or is ready")
	}
	f.net.isolate("b", true)
	eventually(t, "nobody leads, and b is not ready", func() bool { return !r.Ready() })
}
