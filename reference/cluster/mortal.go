package cluster

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// raft panics where an entry that it needs cannot be read, and where its term
// cannot be written, and would take the whole process with it in the middle of
// whatever that does. What a mortal gives to raft ends this node instead: the
// goroutine of raft that had no answer ends there, and fail is told why.
type mortal struct {
	fail  func(error)
	opens atomic.Bool // raft is being opened: by a goroutine that is not its own
}

// die does not return once raft runs.
func (m *mortal) die(err error) error {
	if m.opens.Load() {
		return err
	}
	m.fail(err)
	runtime.Goexit()
	return err
}

// open opens raft; what it panics with is an error.
func (m *mortal) open(with func() (*raft.Raft, error)) (r *raft.Raft, err error) {
	m.opens.Store(true)
	defer m.opens.Store(false)
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, fmt.Errorf("raft panicked: %v", p)
		}
	}()
	return with()
}

// A mortalLog is raft's log, which a read that fails has broken.
type mortalLog struct {
	heldLog
	of *mortal
}

func (l mortalLog) GetLog(index uint64, log *raft.Log) error {
	err := l.heldLog.GetLog(index, log)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return l.of.die(fmt.Errorf("read entry %d of the log: %w", index, err))
	}
	return err
}

// A mortalStable is where raft keeps its term and its vote. That a vote cannot be
// written, raft can live with.
type mortalStable struct {
	raft.StableStore
	of *mortal
}

func (s mortalStable) SetUint64(key []byte, val uint64) error {
	err := s.StableStore.SetUint64(key, val)
	if err != nil && string(key) == "CurrentTerm" {
		return s.of.die(fmt.Errorf("write term %d: %w", val, err))
	}
	return err
}
