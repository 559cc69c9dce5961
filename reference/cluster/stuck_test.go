package cluster

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// TestLeaderWhoseDiskHangs: the others elect one that can write, though raft would
// go on to send heartbeats; and when the disk comes back, all are equal.
func TestLeaderWhoseDiskHangs(t *testing.T) {
	t.Parallel()
	var hung atomic.Pointer[string]
	back := make(chan struct{})
	f := newFleet(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		o.Slow = func() {
			if h := hung.Load(); h != nil && *h == id {
				<-back
			}
		}
	}, "a", "b", "c")
	unhang := sync.OnceFunc(func() { close(back) })
	t.Cleanup(unhang) // or nothing would end
	f.bucket()
	old := f.leader()
	hung.Store(&old.o.Node)
	attempt := make(chan error, 1)
	go func() {
		_, err := old.Propose(t.Context(), meta.Command{Op: put("k", "0", meta.WriteCondition{})})
		attempt <- err
	}()
	l := f.leader(old.o.Node)
	f.do(l, put("k", "1", meta.WriteCondition{}))
	if got, err := get(t.Context(), l, "k"); err != nil || got != "1" {
		t.Errorf("got %q, %v", got, err)
	}
	hung.Store(nil)
	unhang()
	<-attempt
	f.equal()
}
