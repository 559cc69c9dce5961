package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// ErrFounded is a directory whose node has been in a cluster.
var ErrFounded = errors.New("the directory is that of a member of a cluster")

// A founding makes of a directory the only voter of a new cluster.
type founding struct {
	dir   Dir
	voter raft.Configuration
	step  func(done string) error // called after each step: for tests
}

// FoundCluster makes of the directory of a single node, or of an empty one, that
// of the only voter of a new cluster, which OpenRaft then opens: a term, and a
// snapshot that is the database as it is. Everything is durable on return. No
// process may have the directory open.
//
// After a crash, or when the single node has gone on since, it is called again;
// a directory that OpenRaft has had is refused with ErrFounded. Whoever calls it
// notes that the directory is a cluster's only after it has returned.
func FoundCluster(ctx context.Context, d Dir, node, addr string) error {
	f := founding{dir: d, step: func(string) error { return nil }}
	f.voter.Servers = []raft.Server{{ID: raft.ServerID(node), Address: raft.ServerAddress(addr)}}
	return f.run(ctx)
}

func (f *founding) run(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("found a cluster in %s: %w", f.dir.Path, err)
		}
	}()
	applied, err := f.settle(ctx)
	if err != nil {
		return err
	}
	if err := f.step("the database is whole"); err != nil {
		return err
	}
	log, err := f.dir.openLog(nil)
	if err != nil {
		return err
	}
	s, err := openSnapshots(ctx, f.dir)
	if err == nil {
		err = f.begin(log, s, applied)
	}
	return errors.Join(err, log.Close())
}

// settle makes the database durable and returns its applied index.
func (f *founding) settle(ctx context.Context) (applied uint64, err error) {
	db, err := f.dir.openMeta(ctx, meta.Options{Sync: meta.SyncFull, QuickCheck: true})
	if err != nil {
		return 0, err
	}
	applied = db.Applied()
	return applied, db.Close()
}

// begin writes what raft begins with. What an earlier attempt has left goes
// first: it may name another index, node or address.
func (f *founding) begin(log *raftlog.Store, s *snapshots, applied uint64) error {
	if err := f.unused(log, s); err != nil {
		return err
	}
	const term = 1
	steps := []struct {
		done string
		do   func() error
	}{
		{"the snapshot is dropped", s.drop},
		{"the log is empty", func() error { return log.DeleteRange(1, 1) }},
		{"the term is set", func() error { return log.SetUint64([]byte(keyTerm), term) }},
		{"the voter is named", func() error {
			if applied == 0 { // there is no snapshot of nothing
				return log.StoreLog(&raft.Log{Index: 1, Term: term, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(f.voter)})
			}
			_, err := s.add(place{index: applied, term: term, config: f.voter, configIndex: applied}, "")
			return err
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return err
		}
		fault.Point("node.founding")
		if err := f.step(step.done); err != nil {
			return err
		}
	}
	return nil
}

// Keys of raft in the stable store.
const (
	keyTerm = "CurrentTerm"
	keyVote = "LastVoteCand"
)

// Unfound takes back what FoundCluster has left in a directory without data, so
// that its node can join a cluster: raft would take its first entry and its term
// for those of the other. A directory that OpenRaft has had, or that has data, is
// refused with ErrFounded. No process may have the directory open.
func Unfound(ctx context.Context, d Dir) error {
	if _, err := fault.Stat(d.files(), d.log()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := unfound(ctx, d)
	if err != nil {
		err = fmt.Errorf("take back a founding in %s: %w", d.Path, err)
	}
	return err
}

func unfound(ctx context.Context, d Dir) error {
	applied, err := d.volume().Inspect(d.meta())
	switch {
	case applied > 0:
		return ErrFounded
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	log, err := d.openLog(nil)
	if err != nil {
		return err
	}
	s, err := openSnapshots(ctx, d)
	if err == nil {
		err = new(founding).unused(log, s)
	}
	if err == nil {
		err = s.drop()
	}
	if err == nil {
		err = log.DeleteRange(1, 1)
	}
	if err == nil {
		err = log.SetUint64([]byte(keyTerm), 0)
	}
	return errors.Join(err, log.Close())
}

// unused refuses what raft has run with: its first election would have left a
// later term. An earlier attempt leaves at most the first term and one entry.
func (f *founding) unused(log *raftlog.Store, s *snapshots) error {
	term, err := log.GetUint64([]byte(keyTerm))
	if err != nil && err.Error() != "not found" {
		return err
	}
	vote, err := log.Get([]byte(keyVote))
	if err != nil && err.Error() != "not found" {
		return err
	}
	last, _ := log.LastIndex() // it has no error
	newest := s.newest()
	if term > 1 || len(vote) > 0 || last > 1 || newest != nil && newest.Image {
		return ErrFounded
	}
	return nil
}
