package cluster

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A deaf machine of raft's hears of no change of members, so that such a change is
// ahead of it for good.
type deaf struct{}

func (deaf) Apply(*raft.Log) any                 { return nil }
func (deaf) Snapshot() (raft.FSMSnapshot, error) { return marker{}, nil }
func (deaf) Restore(io.ReadCloser) error         { return nil }

// TestSnapshotError: what raft says when it cannot take a snapshot yet, or any more,
// is told from a failure.
func TestSnapshotError(t *testing.T) {
	c := raft.DefaultConfig()
	c.LocalID, c.LogOutput = "a", t.Output()
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 20*time.Millisecond, 20*time.Millisecond, 20*time.Millisecond
	addr, transport := raft.NewInmemTransport("")
	store := raft.NewInmemStore()
	r, err := raft.NewRaft(c, deaf{}, store, store, raft.NewInmemSnapshotStore(), transport)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Shutdown()
	if err := r.BootstrapCluster(raft.Configuration{Servers: []raft.Server{{ID: "a", Address: addr}}}).Error(); err != nil {
		t.Fatal(err)
	}
	if err := snapshotError(r.Snapshot().Error()); err != nil {
		t.Errorf("of nothing: got %v", err)
	}
	eventually(t, "a command is applied", func() bool { return r.Apply([]byte("c"), time.Second).Error() == nil })
	if err := r.AddNonvoter("b", "b", 0, time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	if err := snapshotError(r.Snapshot().Error()); !errors.Is(err, ErrBehind) {
		t.Errorf("behind a change of members: got %v, want ErrBehind", err)
	}
	if err := r.Shutdown().Error(); err != nil {
		t.Fatal(err)
	}
	if err := snapshotError(r.Snapshot().Error()); !errors.Is(err, ErrClosed) {
		t.Errorf("of a node that has ended: got %v, want ErrClosed", err)
	}
	if disk := errors.New("disk"); snapshotError(disk) != disk {
		t.Error("another failure is not handed on")
	}
}
