package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/meta"
)

// A machine is the metadata as raft's state machine. raft calls its methods from
// one goroutine.
//
// raft takes no error from it: after the first one it applies nothing any more,
// and fail has to end the node.
type machine struct {
	db        *meta.DB
	snapshots *snapshots
	outcomes  *outcomes
	history   *history
	fail      func(error)
	committed func(mark) // told what is about to be applied; nil: nobody
	err       error
}

var _ raft.BatchingFSM = (*machine)(nil)

// Apply is ApplyBatch of one.
func (m *machine) Apply(l *raft.Log) any { return m.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch applies entries in one transaction. An answer is nil or the error
// that ended the node. Changes of the configuration come here too, and move the
// applied index, also alone: raft may ask to wait for them.
func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, len(logs))
	if m.err == nil {
		m.err = m.apply(logs)
		if m.err != nil {
			m.fail(m.err)
		}
	}
	if m.err != nil {
		for i := range answers {
			answers[i] = m.err
		}
	}
	return answers
}

func (m *machine) apply(logs []*raft.Log) error {
	var entries []meta.Entry
	applied := m.db.Applied()
	for _, l := range logs {
		m.history.note(l)
		if l.Index <= applied { // a restart: raft begins at the newest snapshot
			continue
		}
		if l.Type != raft.LogCommand {
			entries = append(entries, meta.Entry{Index: l.Index, Term: l.Term})
			continue
		}
		commands, err := unpack(l.Data)
		if err != nil {
			return fmt.Errorf("entry %d: %w", l.Index, err)
		}
		for _, c := range commands {
			entries = append(entries, meta.Entry{Index: l.Index, Term: l.Term, Command: c})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if last := logs[len(logs)-1]; m.committed != nil {
		m.committed(mark{last.Index, last.Term})
	}
	fault.Point("state.before-apply")
	results, err := m.db.Apply(entries)
	if err != nil {
		return err
	}
	fault.Point("state.applied")
	m.outcomes.applied(entries, results)
	return nil
}

var snapshotNotFlushed = fault.NewBug("snapshot.not-flushed", "the log is cut behind a state that is not durable", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis snapshot,disk --shrink 0s")

// Snapshot makes the live database durable and takes it for the snapshot: a
// copy is made when a follower needs one. raft cuts its log behind it.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if m.err != nil {
		return nil, m.err
	}
	if !snapshotNotFlushed.On() && !markerTrusted.On() {
		if err := m.db.Flush(); err != nil {
			m.err = err
			m.fail(err)
			return nil, err
		}
	}
	fault.Point("snapshot.flushed")
	return marker{}, nil
}

// copy writes the live database to a file and returns its place in the log. It
// runs beside the other methods, and refuses while a restarted node has not
// replayed what its database holds: it would not know the place.
func (m *machine) copy(ctx context.Context, path string) (place, error) {
	index, err := m.db.Snapshot(ctx, path)
	if err != nil {
		return place{}, err
	}
	p, ok := m.history.at(index)
	if !ok {
		return place{}, fmt.Errorf("%w: the log is not replayed up to %d", ErrBehind, index)
	}
	return p, nil
}

// A marker is a snapshot that is the live database, durable at some index.
type marker struct{}

func (marker) Persist(s raft.SnapshotSink) error {
	sink, ok := s.(*sink)
	if !ok {
		return errors.New("snapshots are kept elsewhere")
	}
	return sink.mark()
}

func (marker) Release() {}

// Restore puts the snapshot that was installed last in the place of the state.
func (m *machine) Restore(r io.ReadCloser) error {
	defer r.Close()
	if m.err != nil {
		return m.err
	}
	newest := m.snapshots.newest()
	if newest == nil {
		return errors.New("restore: there is no snapshot")
	}
	calls := m.outcomes.waiting()
	moved, err := m.db.Reload(r)
	if err == nil && moved {
		var started uint64
		if started, err = startedTerm(m.db); err == nil {
			m.outcomes.skipped(calls, started)
		}
	}
	if err != nil {
		if m.db.Err() != nil {
			m.err = err
			m.fail(err)
		}
		return err
	}
	m.history.begin(newest.place())
	return nil
}
