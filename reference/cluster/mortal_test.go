package cluster

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"bleepstore/fault/disk"
	"bleepstore/reference/raftlog"
)

// TestDiskEndsTheNodeAlone: where raft would panic, its goroutine ends and the
// node is told why; while raft is opened there is an error.
func TestDiskEndsTheNodeAlone(t *testing.T) {
	for what, call := range map[string]func(mortalLog, mortalStable) error{
		"read entry 1": func(l mortalLog, _ mortalStable) error { return l.GetLog(1, new(raft.Log)) },
		"write term 7": func(_ mortalLog, s mortalStable) error { return s.SetUint64([]byte("CurrentTerm"), 7) },
	} {
		t.Run(what, func(t *testing.T) {
			d, err := disk.New(1)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			store, err := raftlog.Open(raftlog.Options{Path: "/raft.db", VFS: d.VFS()})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			var failed error
			m := &mortal{fail: func(err error) { failed = err }}
			log, stable := mortalLog{heldLog{Store: store}, m}, mortalStable{store, m}
			if err := log.GetLog(2, new(raft.Log)); !errors.Is(err, raft.ErrLogNotFound) || failed != nil {
				t.Errorf("an entry that is not there: %v, %v", err, failed)
			}
			if err := errors.Join(store.StoreLog(&raft.Log{Index: 1, Term: 1}), call(log, stable)); err != nil {
				t.Errorf("on a healthy disk: %v", err)
			}
			d.Crash()
			returned, ended := false, make(chan struct{})
			go func() {
				defer close(ended)
				_ = call(log, stable)
				returned = true
			}()
			<-ended
			if returned || failed == nil || !strings.Contains(failed.Error(), what) {
				t.Errorf("the call returned: %t, the node was told %v", returned, failed)
			}
			_, err = m.open(func() (*raft.Raft, error) { panic(call(log, stable)) })
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("while raft is opened: %v", err)
			}
		})
	}
}
