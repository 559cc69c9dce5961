package raftlog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
)

// three nodes, started and connected.
func three(t *testing.T) (ns []*node) {
	ids := []string{"x", "y", "z"}
	for _, id := range ids {
		n := newNode(t, id)
		n.campaigns()
		n.seed(ids)
		ns = append(ns, n)
	}
	start(ns)
	t.Cleanup(func() { stop(ns) })
	return ns
}

func start(ns []*node) {
	for _, n := range ns {
		n.start()
	}
	for _, n := range ns {
		connect(n, ns)
	}
}

// stop cuts all off first, so that none waits for an answer of one that is gone.
func stop(ns []*node) {
	for _, n := range ns {
		n.trans.DisconnectAll()
	}
	for _, n := range ns {
		n.stop()
	}
}

func connect(n *node, ns []*node) {
	for _, m := range ns {
		if n != m {
			n.trans.Connect(m.trans.LocalAddr(), m.trans)
			m.trans.Connect(n.trans.LocalAddr(), n.trans)
		}
	}
}

func cut(n *node, ns []*node) {
	n.trans.DisconnectAll()
	for _, m := range ns {
		m.trans.Disconnect(n.trans.LocalAddr())
	}
}

// apply gets a command committed by whoever leads.
func apply(t *testing.T, ns []*node, cmd string) (leader *node) {
	t.Helper()
	eventually(t, cmd+" committed", func() bool {
		for _, n := range ns {
			if n.raft.State() == raft.Leader && n.raft.Apply([]byte(cmd), time.Second).Error() == nil {
				leader = n
				return true
			}
		}
		return false
	})
	return leader
}

// applied waits until every node has applied the command, and returns what each
// has applied, which must be the same.
func applied(t *testing.T, ns []*node, cmd string) []string {
	t.Helper()
	for _, n := range ns {
		eventually(t, n.id+" applied "+cmd, func() bool { return slices.Contains(n.fsm.all(), cmd) })
		if d := cmp.Diff(ns[0].fsm.all(), n.fsm.all()); d != "" {
			t.Errorf("%s and %s differ:\n%s", ns[0].id, n.id, d)
		}
	}
	return ns[0].fsm.all()
}

// Term, vote and log outlive a restart of all nodes, and with them every
// committed command, each once and in order.
func TestRestart(t *testing.T) {
	ns := three(t)
	var before []saved
	for i := range 20 {
		apply(t, ns, fmt.Sprintf("command %02d", i))
	}
	want := applied(t, ns, "command 19")
	for _, n := range ns { // what they hear last must not come between
		n.trans.DisconnectAll()
	}
	for _, n := range ns {
		eventually(t, "no leader", func() bool { return n.raft.State() != raft.Leader })
		n.stop()
		n.open()
		before = append(before, n.saved())
		n.must(n.store.Close())
	}
	for i, n := range ns {
		n.open()
		if d := cmp.Diff(before[i], n.saved()); d != "" {
			t.Errorf("%s (-before +after):\n%s", n.id, d)
		}
		n.must(n.store.Close())
		if !slices.IsSorted(before[i].Log) || before[i].Term < before[i].Log[len(before[i].Log)-1] {
			t.Errorf("%s: terms %+v", n.id, before[i])
		}
	}
	start(ns)
	leader := apply(t, ns, "after")
	if d := cmp.Diff(append(want, "after"), applied(t, ns, "after")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if old, now := before[slices.Index(ns, leader)].Term, leader.saved().Term; now <= old {
		t.Errorf("%s leads term %d, and was in %d before", leader.id, now, old)
	}
}

// A leader that is cut off commits nothing, and follows again when it is back;
// the others go on in a higher term.
func TestMinority(t *testing.T) {
	ns := three(t)
	old := apply(t, ns, "first")
	term := old.saved().Term
	cut(old, ns)
	lost := old.raft.Apply([]byte("lost"), time.Minute)
	others := slices.DeleteFunc(slices.Clone(ns), func(n *node) bool { return n == old })
	leader := apply(t, others, "second")
	if got := leader.saved().Term; got <= term {
		t.Errorf("the new leader's term is %d, the old one's was %d", got, term)
	}
	if err := lost.Error(); err == nil {
		t.Error("a leader that is cut off has committed")
	}
	eventually(t, "the old leader steps down", func() bool { return old.raft.State() != raft.Leader })
	connect(old, ns)
	apply(t, ns, "third")
	got := applied(t, ns, "third")
	if i, j := slices.Index(got, "second"), slices.Index(got, "third"); slices.Contains(got, "lost") || i < 0 || j < i {
		t.Errorf("applied %q", got)
	}
	eventually(t, "equal logs", func() bool {
		return cmp.Equal(ns[0].saved().Log, ns[1].saved().Log) && cmp.Equal(ns[0].saved().Log, ns[2].saved().Log)
	})
}

// snapshotted gives a node a snapshot that ends at index, in term 2.
func snapshotted(n *node, index uint64) []byte {
	n.t.Helper()
	c := raft.Configuration{Servers: []raft.Server{{ID: "x", Address: "x"}, {ID: "a", Address: "a"}, {ID: "b", Address: "b"}}}
	state, err := json.Marshal([]string{"of the snapshot"})
	n.must(err)
	if index > 0 {
		_, trans := raft.NewInmemTransport("")
		sink, err := n.snaps.Create(1, index, 2, c, 1, trans)
		n.must(err)
		_, err = sink.Write(state)
		n.must(err)
		n.must(sink.Close())
	}
	return state
}

// A log that ends below the newest snapshot, as a crash leaves it, cannot take
// the next entry; Align empties it.
func TestLogBelowSnapshot(t *testing.T) {
	for _, align := range []bool{false, true} {
		t.Run(fmt.Sprint("aligned: ", align), func(t *testing.T) {
			n := newNode(t, "x")
			n.seed([]string{"x", "a", "b"}, 2, 2)
			snapshotted(n, 9)
			n.open()
			if align {
				n.must(n.store.Align(9))
			}
			n.run(n.store, func(t *raft.InmemTransport) raft.Transport { return t })
			resp := newHand("a").sends(n, 2, 9, 2, 10, command(10, 2))
			if resp.Success != align || (n.store.Err() == nil) != align {
				t.Errorf("success %v, %v", resp.Success, n.store.Err())
			}
			if align {
				want := saved{Term: 2, First: 10, Log: []uint64{2}}
				if d := cmp.Diff(want, n.saved()); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
				eventually(t, "applied", func() bool {
					return slices.Equal(n.fsm.all(), []string{"of the snapshot", string(command(10, 2).Data)})
				})
			}
		})
	}
}

// raft empties the log when a snapshot is installed, for the store is monotonic,
// and goes on behind the snapshot.
func TestInstallSnapshot(t *testing.T) {
	n := newNode(t, "x")
	n.seed([]string{"x", "a", "b"}, 2, 2)
	n.start()
	a := newHand("a")
	a.trans.Connect("x", n.trans)
	state := snapshotted(n, 0)
	var resp raft.InstallSnapshotResponse
	n.must(a.trans.InstallSnapshot("x", "x", &raft.InstallSnapshotRequest{
		RPCHeader: a.header(), SnapshotVersion: 1, Term: 2, LastLogIndex: 20, LastLogTerm: 2, ConfigurationIndex: 1,
		Configuration: raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "x", Address: "x"}, {ID: "a", Address: "a"}}}),
		Size:          int64(len(state)),
	}, &resp, bytes.NewReader(state)))
	if !resp.Success {
		t.Error("not installed")
	}
	if got := n.saved(); got.Log != nil {
		t.Errorf("the log is %+v", got)
	}
	if !a.sends(n, 2, 20, 2, 21, command(21, 2)).Success {
		t.Error("the entry behind it was refused")
	}
	if d := cmp.Diff(saved{Term: 2, First: 21, Log: []uint64{2}}, n.saved()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
