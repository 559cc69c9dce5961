package reference

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/crypt"
	"bleepstore/reference/meta"
	"bleepstore/reference/migrate"
)

// ErrMigrated is a migration that was done before.
var ErrMigrated = errors.New("already migrated")

// MigrateOptions are how a migration is done.
type MigrateOptions struct {
	Copies   int               // blobs that are copied at a time; 0: migrate.DefaultCopies
	Progress *migrate.Progress // may be read meanwhile; nil: nobody does
}

// Migrate brings what a server keeps to another backend: it copies the bodies, and
// proves that they have arrived. No server may be using either. Of each Config only
// what says where things are counts; from.Backend may be "", the directory knows it.
//
// Where both have the same directory, that goes on with the other backend. Another
// one must be empty, and gets the metadata too and the master key, if the first one
// holds it: a second store then, with an id of its own.
//
// It may be cut off at any time: until it returns nil the first server is what it
// was, and no server starts with the other; another call goes on with what was
// copied. Nothing is ever removed from the first. The errors are those of
// migrate.Job, ErrMigrated, and a refusal of what cannot be migrated: a node of a cluster, and
// memory.
func Migrate(ctx context.Context, from, to Config, o MigrateOptions) (err error) {
	m := &migration{o: o}
	defer func() { err = errors.Join(err, m.close()) }()
	if err := m.plan(from, to); err != nil {
		return err
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	job := migrate.Job{From: m.src, To: m.dst, Names: m.names, Copies: o.Copies, Progress: o.Progress}
	if err := job.Run(ctx); err != nil {
		return err
	}
	return m.settle(ctx)
}

// A migration is one under way.
type migration struct {
	o        MigrateOptions
	from, to Config
	here     bool     // both have one directory
	source   *datadir // locked
	target   *datadir // the same where here is set
	also     []io.Closer
	db       *meta.DB
	src, dst blob.Store
}

// plan checks what is asked for, and touches nothing.
func (m *migration) plan(from, to Config) error {
	id, err := from.begun()
	if err != nil {
		return err
	}
	setDefault(&from.Backend, id.Backend)
	setDefault(&to.Backend, Local)
	if sameDir(from.Dir, to.Dir) && from.Backend != id.Backend && to.Backend == id.Backend {
		return fmt.Errorf("%w: %s is of the backend %s", ErrMigrated, from.Dir, id.Backend)
	}
	from.Cluster, to.Cluster = nil, nil
	if m.from, err = from.withDefaults(); err != nil {
		return fmt.Errorf("from: config: %w", err)
	}
	if m.to, err = to.withDefaults(); err != nil {
		return fmt.Errorf("to: config: %w", err)
	}
	m.to.FS, m.to.VFS = m.from.FS, m.from.VFS
	m.here = sameDir(m.from.Dir, m.to.Dir)
	apart := inCloud(m.from.Backend) || inCloud(m.to.Backend)
	switch {
	case m.from.Backend == Memory || m.to.Backend == Memory:
		return errors.New("what the backend memory keeps is not migrated: it ends with its server")
	case id.Format == clusterFormat:
		return fmt.Errorf("%s is the node %s of a cluster: bodies of a cluster are not one node's to migrate", m.from.Dir, id.Node)
	case m.here && m.from.MetaPath != m.to.MetaPath:
		return fmt.Errorf("the same directory has its metadata at %s, and at %s", m.from.MetaPath, m.to.MetaPath)
	case m.here && m.from.Backend == m.to.Backend && !apart:
		return fmt.Errorf("both are the backend %s of %s: there is nothing to migrate", m.from.Backend, m.from.Dir)
	}
	return nil
}

// sameDir says whether two paths are one directory, as far as they tell. What they
// do not tell the lock does.
func sameDir(a, b string) bool {
	x, errx := filepath.Abs(a)
	y, erry := filepath.Abs(b)
	return errx == nil && erry == nil && x == y
}

// open locks the directories and opens what is in them.
func (m *migration) open(ctx context.Context) (err error) {
	if m.source, err = openDir(m.from, true); err != nil {
		return err
	}
	if m.target = m.source; m.here {
		err = m.lockMore()
	} else {
		err = m.begin()
	}
	if err != nil {
		return err
	}
	if _, err := fault.Stat(m.from.FS, m.from.MetaPath); err != nil { // it would be made, empty
		return fmt.Errorf("metadata: %w", err)
	}
	if m.db, err = meta.Open(ctx, meta.Options{Path: m.from.MetaPath, Sync: meta.SyncFull, VFS: m.from.VFS, FS: m.from.FS}); err != nil {
		return err
	}
	if inCloud(m.from.Backend) {
		m.src, err = m.source.openCloud(ctx, m.from)
	} else {
		m.src, _, err = openBlobs(ctx, m.from)
	}
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	// The other store gets its mark when it has everything: no server takes it before.
	if inCloud(m.to.Backend) {
		m.dst, err = m.to.OpenBlobs(ctx, m.target.id.ID)
	} else {
		m.dst, _, err = openBlobs(ctx, m.to)
	}
	if err != nil {
		return fmt.Errorf("to: open blobs: %w", err)
	}
	return nil
}

// lockMore locks what the other backend has outside of the directory of both.
func (m *migration) lockMore() error {
	for _, dir := range m.to.dirs() {
		if slices.Contains(m.from.dirs(), dir) {
			continue
		}
		if err := makeDir(m.to.FS, dir); err != nil {
			return fmt.Errorf("to: data directory: %w", err)
		}
		l, err := hold(m.to.FS, filepath.Join(dir, lockFile))
		if err != nil {
			return fmt.Errorf("to: data directory %s: %w", dir, err)
		}
		m.also = append(m.also, l)
	}
	return nil
}

// begin takes possession of the directory of the second store, or finds that an
// earlier run has done so.
func (m *migration) begin() error {
	d, err := lockDir(m.to)
	if err != nil {
		return err
	}
	m.target = d
	text, err := fault.ReadFile(d.fs, d.path)
	if err == nil {
		if err := json.Unmarshal(text, &d.id); err != nil {
			return fmt.Errorf("to: %s: file %s: %w", m.to.Dir, idFile, err)
		}
		if d.id.Migrating != m.source.id.ID || d.id.Backend != m.to.Backend {
			return fmt.Errorf("to: %s is not empty: bodies are migrated to a new or empty directory", m.to.Dir)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := m.to.vacant(); err != nil {
		return fmt.Errorf("to: %w", err)
	}
	id, err := randomHex(m.to.Rand)
	if err != nil {
		return fmt.Errorf("make id: %w", err)
	}
	d.id = identity{Format: singleFormat, ID: id, Backend: m.to.Backend, Migrating: m.source.id.ID}
	return d.write()
}

// names pages through what the metadata name.
func (m *migration) names(ctx context.Context, after blob.ID, most int) (all []migrate.Name, err error) {
	err = m.db.View(ctx, func(tx *meta.Tx) error {
		page, err := tx.BlobSizes(string(after), most)
		all = make([]migrate.Name, len(page))
		for i, b := range page {
			n := migrate.Name{ID: blob.ID(b.ID), Size: b.Size}
			if n.ID.Sealed() { // the metadata count what they stand for
				n.Size = crypt.SealedSize(n.Size)
			}
			all[i] = n
		}
		return err
	})
	return all, err
}

// settle makes the second server of what was copied. The id file decides, and is
// written last.
func (m *migration) settle(ctx context.Context) error {
	if !m.here {
		if err := m.settleApart(ctx); err != nil {
			return err
		}
	}
	d := m.target
	d.id.Backend, d.id.Migrating, d.id.Mark = m.to.Backend, "", ""
	if inCloud(m.to.Backend) {
		if err := d.mark(ctx, m.dst, m.to); err != nil {
			return err
		}
	}
	return d.write()
}

// settleApart gives the other directory the metadata and the master key.
func (m *migration) settleApart(ctx context.Context) error {
	if _, err := m.db.Snapshot(ctx, m.to.MetaPath); err != nil {
		return fmt.Errorf("to: metadata: %w", err)
	}
	if err := m.to.volume().Detach(m.to.MetaPath); err != nil {
		return fmt.Errorf("to: %w", err)
	}
	m.target.id.Master = m.source.id.Master
	text, err := fault.ReadFile(m.from.FS, filepath.Join(m.from.Dir, masterFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return replaceFile(m.to.FS, filepath.Join(m.to.Dir, masterFile), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func (m *migration) close() error {
	var errs []error
	if m.dst != nil {
		errs = append(errs, m.dst.Close())
	}
	if m.src != nil {
		errs = append(errs, m.src.Close())
	}
	if m.db != nil {
		errs = append(errs, m.db.Close())
	}
	for _, l := range m.also {
		errs = append(errs, l.Close())
	}
	if m.target != nil && m.target != m.source {
		errs = append(errs, m.target.close())
	}
	if m.source != nil {
		errs = append(errs, m.source.close())
	}
	return errors.Join(errs...)
}
