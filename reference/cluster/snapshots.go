package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/lock"
)

// snapshots is raft's snapshot store, in a directory of its own. A snapshot is
// a label, <id>.json, and either an image of the database, <id>.db, or nothing:
// then it is a marker, which says that the live database is durable at that
// index or beyond. A file counts once its label has its name. Methods may be
// called together.
type snapshots struct {
	vol Dir
	dir string // its directory of snapshots
	// copy writes the live database to a file and returns its place in the log.
	copy func(ctx context.Context, path string) (place, error)
	// cut is told the index of a new snapshot, which raft may cut the log behind.
	cut   func(index uint64)
	ctx   context.Context // ends copies
	sends *sends

	making lock.Lock // held while an image is copied
	mu     lock.Lock // held while files are opened or removed
	labels []*label  // newest first
}

// A label is the file that makes a snapshot exist.
type label struct {
	Meta  raft.SnapshotMeta
	Image bool
}

func (l *label) place() place {
	return place{l.Meta.Index, l.Meta.Term, l.Meta.Configuration, l.Meta.ConfigurationIndex}
}

// openSnapshots reads the labels and removes what has none.
func openSnapshots(ctx context.Context, d Dir) (*snapshots, error) {
	dir := d.snapshots()
	if err := d.files().MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.files().SyncDir(d.Path); err != nil {
		return nil, err
	}
	s := &snapshots{vol: d, dir: dir, ctx: ctx, sends: &sends{after: holdAfter}}
	files, err := d.files().ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok {
			continue
		}
		b, err := fault.ReadFile(d.files(), filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		l := new(label)
		if err := json.Unmarshal(b, l); err != nil || l.Meta.ID != id {
			return nil, fmt.Errorf("label of snapshot %s is damaged: %w", id, err)
		}
		s.labels = append(s.labels, l)
	}
	s.sort()
	for _, f := range files {
		id, image := strings.CutSuffix(f.Name(), ".db")
		if strings.HasSuffix(f.Name(), ".json") || image && s.find(id) != nil {
			continue
		}
		if err := d.files().Remove(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// sort puts the newest first, an image before a marker of the same index.
func (s *snapshots) sort() {
	slices.SortFunc(s.labels, func(a, b *label) int {
		switch {
		case a.Meta.Index > b.Meta.Index, a.Meta.Index == b.Meta.Index && a.Image && !b.Image:
			return -1
		case a.Meta.Index < b.Meta.Index, a.Meta.Index == b.Meta.Index && !a.Image && b.Image:
			return 1
		}
		return 0
	})
}

func (s *snapshots) find(id string) *label {
	for _, l := range s.labels {
		if l.Meta.ID == id {
			return l
		}
	}
	return nil
}

// newest returns the newest snapshot, nil when there is none.
func (s *snapshots) newest() *label {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.labels) == 0 {
		return nil
	}
	return s.labels[0]
}

func (s *snapshots) image(id string) string { return filepath.Join(s.dir, id+".db") }

// List implements raft.SnapshotStore.
func (s *snapshots) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var metas []*raft.SnapshotMeta
	for _, l := range s.labels {
		m := l.Meta
		metas = append(metas, &m)
	}
	return metas, nil
}

// Open implements raft.SnapshotStore. Of a marker it makes an image first, which
// is of a later index as a rule: what it returns is the image's.
func (s *snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	end := s.sends.begin()
	l, f, err := s.open()
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("open snapshot %s: %w", id, err)
	}
	m := l.Meta
	return &m, &sent{io.NewSectionReader(f, 0, m.Size), f, end}, nil
}

// open opens the newest image, or makes one. It is open before a newer snapshot
// can take its name away.
func (s *snapshots) open() (*label, fault.File, error) {
	s.making.Lock()
	defer s.making.Unlock()
	if l, f, err := s.openNewest(); l != nil || err != nil {
		return l, f, err
	}
	part := filepath.Join(s.dir, "copy.part")
	p, err := s.copy(s.ctx, part)
	if err != nil {
		return nil, nil, err
	}
	f, err := s.vol.files().OpenFile(part, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.add(p, part)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return l, f, nil
}

func (s *snapshots) openNewest() (*label, fault.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.labels) == 0 || !s.labels[0].Image {
		return nil, nil, nil
	}
	f, err := s.vol.files().OpenFile(s.image(s.labels[0].Meta.ID), os.O_RDONLY, 0)
	return s.labels[0], f, err
}

// add gives a snapshot its name, with the image in the file part or, when that
// is "", without one; then it removes those before it.
func (s *snapshots) add(p place, part string) (*label, error) {
	id, image := fmt.Sprintf("%016x-%016x-marker", p.term, p.index), part != ""
	if image {
		id = fmt.Sprintf("%016x-%016x-image", p.term, p.index)
	}
	l := &label{Image: image, Meta: raft.SnapshotMeta{
		Version: 1, ID: id, Index: p.index, Term: p.term, Configuration: p.config, ConfigurationIndex: p.configIndex,
	}}
	if image {
		info, err := fault.Stat(s.vol.files(), part)
		if err != nil {
			return nil, err
		}
		l.Meta.Size = info.Size()
		if err := s.publish(part, s.image(id)); err != nil {
			return nil, err
		}
		fault.Point("snapshot.named")
	}
	b, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(s.dir, id+".json")
	if err := s.write(name+".part", b); err != nil {
		return nil, err
	}
	if err := s.publish(name+".part", name); err != nil {
		return nil, err
	}
	fault.Point("snapshot.labelled")
	return l, s.keep(l)
}

// keep makes l known. Of the others only what is newer stays: raft has cut, or
// will cut, the log that older ones would need.
func (s *snapshots) keep(l *label) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.labels = slices.DeleteFunc(s.labels, func(o *label) bool { return o.Meta.ID == l.Meta.ID })
	s.labels = append(s.labels, l)
	s.sort()
	old := s.labels[1:]
	s.labels = s.labels[:1:1]
	var errs []error
	for _, o := range old {
		errs = append(errs, s.remove(o))
	}
	if s.cut != nil {
		s.cut(s.labels[0].Meta.Index)
	}
	return errors.Join(errs...)
}

// remove takes away a label, and then its image.
func (s *snapshots) remove(l *label) error {
	err := s.vol.files().Remove(filepath.Join(s.dir, l.Meta.ID+".json"))
	if err == nil && l.Image {
		err = s.vol.files().Remove(s.image(l.Meta.ID))
	}
	return err
}

// drop removes every snapshot.
func (s *snapshots) drop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.labels {
		errs = append(errs, s.remove(l))
	}
	s.labels = nil
	return errors.Join(append(errs, s.vol.files().SyncDir(s.dir))...)
}

// write makes a file, in the place of one that is there.
func (s *snapshots) write(path string, b []byte) error {
	f, err := s.vol.files().OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// publish makes a finished file durable and gives it its name.
func (s *snapshots) publish(part, path string) error {
	f, err := s.vol.files().OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fault.Rename(s.vol.files(), part, path); err != nil {
		return err
	}
	return s.vol.files().SyncDir(filepath.Dir(path))
}
