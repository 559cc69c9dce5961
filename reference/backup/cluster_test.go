package backup

import (
	"bytes"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
)

// What was backed up of a cluster that is far ahead in its terms is one node's
// when it is restored, and that node may found a cluster, whose terms begin anew.
func TestRestoredStoreFoundsACluster(t *testing.T) {
	s := newStore(t)
	s.put("k", text("k", 100))
	at := s.db.Applied()
	late := []meta.Entry{{Index: at + 1, Term: 900, Command: meta.Command{ID: "late", Op: meta.TermStart{Node: "n"}}}}
	if _, err := s.db.Apply(late); err != nil {
		t.Fatal(err)
	}
	hash := s.hash()
	dir, m, err := restore(t, bytes.NewReader(s.backup()))
	if err != nil || m.Applied != at+1 {
		t.Fatalf("applied %d, %v; want %d", m.Applied, err, at+1)
	}
	if err := cluster.FoundCluster(t.Context(), cluster.Dir{Path: dir}, "a", "a:1"); err != nil {
		t.Fatal(err)
	}
	_, transport := raft.NewInmemTransport("a:1")
	r, err := cluster.OpenRaft(t.Context(), cluster.RaftOptions{Dir: dir, Cluster: "c", Node: "a", Transport: transport, Peers: nobody{},
		Tune: func(c *raft.Config) {
			c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got, err := r.DB().Hash(t.Context()); err != nil || got != hash {
		t.Errorf("the founder's state differs, %v", err)
	}
	var index uint64
	for end := time.Now().Add(10 * time.Second); index == 0; time.Sleep(10 * time.Millisecond) {
		if index, err = r.ReadIndex(t.Context()); err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	res, err := r.Propose(t.Context(), meta.Command{Op: meta.CreateBucket{Name: "new", Owner: "alice"}})
	if err != nil || res.Err != nil || res.Index <= at+1 || index <= at+1 {
		t.Errorf("propose: %+v, %v; read index %d; want indexes above %d", res, err, index, at+1)
	}
}

// nobody is asked when there is one voter.
type nobody struct{ cluster.Peers }
