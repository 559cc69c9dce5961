package cluster

import (
	"errors"
	"fmt"
	"io/fs"

	"bleepstore/fault"
	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// Failures to start: what was lost cannot be had from this node any more. Remove
// it from the cluster, and add one with an empty directory and another id.
var (
	ErrStateLost = errors.New("the metadata is lost, and snapshot and log do not give it back")
	ErrLogLost   = errors.New("the log is lost, or is another node's: it ends before what the metadata holds")
)

// Bugs of nodes that start.
var (
	markerTrusted = fault.NewBug("snapshot.marker-trusted",
		"a marker is written without making the database durable, and a node that starts takes its word for what the database has lost", "Z-16").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis snapshot,disk --shrink 0s")
	rqliteRestore = fault.NewBug("history.rqlite-2759.applied-twice",
		"a node that starts takes the index of the newest image for that of its database, which has gone on since: what was committed in between is applied twice", "Z-02", "Z-16").
		By("chaos --sim raft --seed 1269456320 --seeds 12 --nemesis snapshot,proc.rolling,proc.kill-all --shrink 0s")
)

// mend makes the database, the log and the newest snapshot fit each other, and
// returns the place behind which raft will begin to replay.
//
// Only this makes it safe to cut the log. The database may have lost its tail
// with the power, or be gone, or damaged: then it goes on from the newest
// snapshot. A snapshot that is a marker has no image, and promises that the
// database was durable; where that promise is broken, a log that was never cut
// gives everything back, and otherwise the node must not run.
func mend(path string, log *raftlog.Store, s *snapshots) (base place, err error) {
	applied, err := s.vol.volume().Inspect(path)
	lost := errors.Is(err, fs.ErrNotExist) || errors.Is(err, meta.ErrDamaged)
	if err != nil && !lost {
		return base, err
	}
	newest := s.newest()
	first, _ := log.FirstIndex() // neither has an error
	last, _ := log.LastIndex()
	behind := newest != nil && applied < newest.Meta.Index && (newest.Image || !markerTrusted.On())
	switch {
	case (lost || behind) && newest != nil && newest.Image:
		if err := s.vol.volume().Restore(s.image(newest.Meta.ID), path); err != nil {
			return base, err
		}
		applied = newest.Meta.Index
	case lost || behind:
		if first > 1 || newest != nil && first == 0 {
			return base, fmt.Errorf("%w: the log begins at %d", ErrStateLost, first)
		}
		if err := s.drop(); err != nil { // raft begins behind the newest
			return base, err
		}
		newest = nil
		if lost {
			applied = 0
			if err := s.vol.removeDatabase(path); err != nil {
				return base, err
			}
		}
	}
	if newest != nil {
		base = newest.place()
		if newest.Image && applied > base.index && rqliteRestore.On() {
			return base, errors.Join(s.vol.volume().SetApplied(path, base.index), log.Align(base.index))
		}
	}
	if applied > max(last, base.index) {
		return base, fmt.Errorf("%w: %d and %d", ErrLogLost, last, applied)
	}
	return base, log.Align(base.index)
}

// removeDatabase removes what may be left of one, before its WAL.
func (d Dir) removeDatabase(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := d.files().Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
