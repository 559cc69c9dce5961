package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
)

// Create implements raft.SnapshotStore.
func (s *snapshots) Create(v raft.SnapshotVersion, index, term uint64, c raft.Configuration, configIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	if v != 1 {
		return nil, fmt.Errorf("snapshots of version %d are not known", v)
	}
	return &sink{s: s, at: place{index, term, c, configIndex}}, nil
}

// A sink takes one snapshot: raft writes an image to it, or mark is called.
type sink struct {
	s      *snapshots
	at     place
	f      fault.File
	marked bool
	done   bool
	label  *label
}

func (k *sink) part() string { return filepath.Join(k.s.dir, "received.part") }

// ID is that of the snapshot once it is closed; before, of what it will be.
func (k *sink) ID() string {
	if k.label != nil {
		return k.label.Meta.ID
	}
	return fmt.Sprintf("%016x-%016x", k.at.term, k.at.index)
}

func (k *sink) mark() error {
	k.marked = true
	return k.Close()
}

func (k *sink) Write(b []byte) (int, error) {
	if k.f == nil {
		f, err := k.s.vol.files().OpenFile(k.part(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return 0, err
		}
		k.f = f
	}
	return k.f.Write(b)
}

// Close makes the snapshot exist. An image is checked first, and must be of the
// index that it came with. Closing again does nothing.
func (k *sink) Close() (err error) {
	if k.done {
		return nil
	}
	k.done = true
	if k.marked {
		k.label, err = k.s.add(k.at, "")
		return err
	}
	if k.f == nil {
		return errors.New("snapshot is empty")
	}
	if err := k.f.Close(); err != nil {
		return err
	}
	fault.Point("snapshot.received")
	applied, err := k.s.vol.volume().Inspect(k.part())
	if err == nil && applied != k.at.index {
		err = fmt.Errorf("image is of index %d, not of %d", applied, k.at.index)
	}
	if err == nil {
		k.label, err = k.s.add(k.at, k.part())
	}
	return err
}

// Cancel takes back what was written.
func (k *sink) Cancel() error {
	if k.done || k.f == nil {
		k.done = true
		return nil
	}
	k.done = true
	return errors.Join(k.f.Close(), k.s.vol.files().Remove(k.part()))
}
