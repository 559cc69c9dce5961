package cluster

import (
	"sync"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
)

var (
	voteNotSynced = fault.NewBug("vote.not-synced", "a node keeps its term and its vote in memory only", "Z-01", "Z-16").
			By("chaos --sim raft --seed 1 --seeds 12 --nemesis kill --shrink 0s")
	termNotSynced = fault.NewBug("vote.term-not-synced", "a node keeps its term in memory only", "Z-01", "Z-16").
			By("chaos --sim raft --seed 2417296000 --seeds 12 --nemesis kill --shrink 0s")
)

// votes is where raft keeps its term and its vote. What it has answered without
// an error is on stable storage: a node that forgets a vote gives it twice.
type votes struct {
	raft.StableStore
	forgotten forgotten
}

func (v *votes) SetUint64(key []byte, val uint64) error {
	if voteNotSynced.On() || string(key) == keyTerm && termNotSynced.On() {
		v.forgotten.set(key, val)
		return nil
	}
	err := v.StableStore.SetUint64(key, val)
	if err == nil && string(key) == keyTerm {
		fault.Point("vote.term")
	}
	return err
}

func (v *votes) Set(key, val []byte) error {
	if voteNotSynced.On() {
		v.forgotten.set(key, val)
		return nil
	}
	if string(key) == keyVote { // its term waits for it: see raftlog.Store.SetUint64
		fault.Point("vote.before")
	}
	err := v.StableStore.Set(key, val)
	if err == nil && string(key) == keyVote {
		fault.Point("vote.durable")
	}
	return err
}

func (v *votes) Get(key []byte) ([]byte, error) {
	if b, ok := v.forgotten.get(key).([]byte); ok {
		return b, nil
	}
	return v.StableStore.Get(key)
}

func (v *votes) GetUint64(key []byte) (uint64, error) {
	if n, ok := v.forgotten.get(key).(uint64); ok {
		return n, nil
	}
	return v.StableStore.GetUint64(key)
}

// forgotten is what a node knows until it ends: the bug vote.not-synced.
type forgotten struct{ all sync.Map }

func (f *forgotten) set(key []byte, v any) { f.all.Store(string(key), v) }

func (f *forgotten) get(key []byte) any {
	v, _ := f.all.Load(string(key))
	return v
}
