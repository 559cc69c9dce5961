package reference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"bleepstore/reference/backup"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/blob/sqlite"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
)

// stores is what a Server keeps data in, in the order in which it is opened.
type stores struct {
	idle     bool     // no server runs on them
	dir      *datadir // nil in memory
	bodies   string   // the directory of the blobs, "" when that is not known
	reserve  *reserve // nil: none
	snapshot *snapshot
	db       *meta.DB
	blobs    blob.Store
	held     *backup.Held // blobs of a server that stands alone, as those who pause deletions see it
	log      stateLog
	node     *node // nil when the server stands alone
}

// A stateLog is a log that tells when its disk has failed it.
type stateLog interface {
	cluster.Log
	Broken() <-chan struct{} // closed then
	Err() error
}

// openStores takes the locks first, so that nothing is touched which another
// server is using. What is open already is closed again when something fails.
// fail is called when a store has failed later, in a way that ends the process.
func openStores(ctx context.Context, c Config, fail func(error)) (_ *stores, err error) {
	s := &stores{blobs: c.Blobs}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if c.Backend == Memory {
		err = s.openMemory(ctx, c)
	} else {
		err = s.openDisk(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	if c.Cluster != nil {
		c.BlobDir = s.bodies // only some backends use the one that is configured
		if s.node, err = openNode(ctx, c, s, fail); err != nil {
			return nil, err
		}
		raft := s.node.raft.Load()
		s.db, s.log = raft.DB(), raft
		return s, nil
	}
	s.held = backup.Hold(s.blobs)
	s.blobs = s.held
	s.log = cluster.NewLocal(s.db, cluster.LocalOptions{Now: c.Clock.Now, Rand: &lockedReader{r: c.Rand}})
	return s, nil
}

// served are the blobs of the whole cluster, or of this server where it stands
// alone; kept are those that it sweeps.
func (s *stores) served() blob.Store {
	if s.node != nil {
		return s.node.served()
	}
	return s.blobs
}

func (s *stores) kept() blob.Store {
	if s.node != nil {
		return s.node.kept()
	}
	return s.blobs
}

// pauseDeletes keeps the blobs that lie here until resume is called.
func (s *stores) pauseDeletes() (resume func()) {
	if s.node != nil {
		return s.node.pauseDeletes()
	}
	return s.held.PauseDeletes()
}

func (s *stores) openDisk(ctx context.Context, c Config) (err error) {
	if s.dir, err = openDir(c, s.idle); err != nil {
		return err
	}
	if err := ignoreMissing(c.FS.Remove(imageOf(c))); err != nil { // of a backup that was killed
		return err
	}
	s.reserve = newReserve(c)
	s.reserve.yield()
	if c.Cluster == nil { // raft opens it otherwise
		s.db, err = meta.Open(ctx, meta.Options{Path: c.MetaPath, Sync: meta.SyncFull, VFS: c.VFS, FS: c.FS, Full: s.reserve.yieldNow})
	}
	if err != nil || s.blobs != nil {
		return err
	}
	switch {
	case !inCloud(c.Backend):
		s.blobs, s.bodies, err = openBlobs(ctx, c)
	case c.Cluster == nil: // a node does it when it knows its cluster
		s.blobs, err = s.dir.openCloud(ctx, c)
	}
	return err
}

// openBlobs opens the store of bodies on disk, and says in which directory it is.
func openBlobs(ctx context.Context, c Config) (blob.Store, string, error) {
	// A nil of another type must not end up in the interface.
	if c.Backend == SQLite {
		store, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(c.Dir, sqliteFile), VFS: c.VFS})
		if err != nil {
			return nil, "", fmt.Errorf("open blobs: %w", err)
		}
		return store, c.Dir, nil
	}
	store, err := local.Open(c.BlobDir, c.FS)
	if err != nil {
		return nil, "", fmt.Errorf("open blobs: %w", err)
	}
	return store, c.BlobDir, nil
}

func (s *stores) openMemory(ctx context.Context, c Config) (err error) {
	if c.Memory.Snapshot == "" {
		if s.blobs == nil {
			s.blobs = memory.New(c.Memory.MaxBytes)
		}
		s.db, err = meta.Open(ctx, meta.Options{})
		return err
	}
	store := memory.New(c.Memory.MaxBytes)
	s.blobs = store
	if s.snapshot, err = openSnapshot(c.Memory.Snapshot, store); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if s.db, err = s.snapshot.restore(ctx); err != nil {
		return fmt.Errorf("restore snapshot %s: %w", c.Memory.Snapshot, err)
	}
	return nil
}

// close closes what is open, in the reverse order. No call may be running.
func (s *stores) close() error {
	var errs []error
	if s.node != nil {
		errs = append(errs, s.node.close())
		s.db, s.blobs = nil, nil // which it has closed
	}
	if l, ok := s.log.(*cluster.Local); ok {
		l.Close()
	}
	if s.blobs != nil {
		errs = append(errs, s.blobs.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.snapshot != nil {
		errs = append(errs, s.snapshot.close())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.close())
	}
	return errors.Join(errs...)
}
