package peer

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A machine counts what was applied.
type machine struct {
	mu   sync.Mutex
	seen []string
}

func (m *machine) Apply(l *raft.Log) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, string(l.Data))
	return nil
}

func (m *machine) applied() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.seen...)
}

func (m *machine) Snapshot() (raft.FSMSnapshot, error) { return nil, io.EOF } // none is asked for
func (m *machine) Restore(io.ReadCloser) error         { return io.EOF }

// A recorder counts what raft sees fail of what isn't a heartbeat.
type recorder struct {
	*transport
	failed atomic.Int64
}

func (r *recorder) AppendEntries(id raft.ServerID, at raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	err := r.transport.AppendEntries(id, at, req, resp)
	if err != nil && !heartbeat(req) {
		r.failed.Add(1)
	}
	return err
}

type member struct {
	raft    *raft.Raft
	trans   *recorder
	machine *machine
}

// run starts raft on every port of the fleet.
func (f *fleet) run(nodes ...string) map[string]member {
	f.t.Helper()
	members := map[string]member{}
	var first raft.Configuration
	for _, n := range nodes {
		first.Servers = append(first.Servers, raft.Server{ID: raft.ServerID(n), Address: raft.ServerAddress(f.ports[n].Addr())})
	}
	for _, n := range nodes {
		m := member{machine: &machine{}}
		c := raft.DefaultConfig()
		c.LocalID, c.LogOutput, c.LogLevel = raft.ServerID(n), io.Discard, "ERROR"
		c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout, c.CommitTimeout = 300*time.Millisecond, 300*time.Millisecond, 200*time.Millisecond, 10*time.Millisecond
		logs, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
		trans := &recorder{transport: f.ports[n].Transport(always).(*transport)}
		if err := raft.BootstrapCluster(c, logs, logs, snapshots, trans, first); err != nil {
			f.t.Fatal(err)
		}
		r, err := raft.NewRaft(c, m.machine, logs, logs, snapshots, trans)
		if err != nil {
			f.t.Fatal(err)
		}
		m.raft, m.trans = r, trans
		members[n] = m
	}
	f.t.Cleanup(func() {
		for n, m := range members {
			if err := errors.Join(f.ports[n].Close(), m.raft.Shutdown().Error()); err != nil {
				f.t.Error(err)
			}
		}
	})
	return members
}

func leader(t *testing.T, members map[string]member) (id string) {
	t.Helper()
	eventually(t, "there is a leader", func() bool {
		for n, m := range members {
			if m.raft.State() == raft.Leader {
				id = n
				return true
			}
		}
		return false
	})
	return id
}

func TestRaftReplicates(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	members := f.run("a", "b", "c")
	l := leader(t, members)
	for i := range 20 {
		if err := members[l].raft.Apply(fmt.Append(nil, i), 5*time.Second).Error(); err != nil {
			t.Fatal(err)
		}
	}
	for n, m := range members {
		eventually(t, n+" has applied all", func() bool { return len(m.machine.applied()) == 20 })
		eventually(t, n+" knows the leader by its id", func() bool {
			addr, id := m.raft.LeaderWithID()
			return string(id) == l && string(addr) == l
		})
	}
	if err := members[l].raft.LeadershipTransfer().Error(); err != nil {
		t.Error(err)
	}
}

// TestRaftSurvivesItsLeader: votes get through though the streams to the node
// that was cut off are dead.
func TestRaftSurvivesItsLeader(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	members := f.run("a", "b", "c")
	old := leader(t, members)
	f.sever(old, true)
	rest := map[string]member{}
	for n, m := range members {
		if n != old {
			rest[n] = m
		}
	}
	next := leader(t, rest)
	if err := members[next].raft.Apply([]byte("x"), 5*time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	f.sever(old, false)
	eventually(t, "the old leader has caught up", func() bool { return len(members[old].machine.applied()) == 1 })
}

// TestFollowerIsReachedAtOnce: a follower that was cut off for long is sent the
// log within the pause of the transport, not that of raft: raft sees no failure
// for which it would pause.
func TestFollowerIsReachedAtOnce(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	members := f.run("a", "b", "c")
	l := leader(t, members)
	var cut string
	for n := range members {
		if n != l {
			cut = n
		}
	}
	eventually(t, "all follow", func() bool {
		_, id := members[cut].raft.LeaderWithID()
		return string(id) == l
	})
	f.sever(cut, true)
	for i := range 10 {
		if err := members[l].raft.Apply(fmt.Append(nil, i), 5*time.Second).Error(); err != nil {
			t.Fatal(err)
		}
	}
	tries := f.dialed(l) // raft alone would pause longer after each
	eventually(t, "the leader has tried often", func() bool { return f.dialed(l) > tries+20 })
	f.sever(cut, false)
	eventually(t, "the follower has caught up", func() bool { return len(members[cut].machine.applied()) == 10 })
	if n := members[l].trans.failed.Load(); n != 0 {
		t.Errorf("raft saw %d failures, for which it pauses, want none", n)
	}
}
