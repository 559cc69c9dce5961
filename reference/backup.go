package reference

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"bleepstore/fault"
	"bleepstore/reference/admin"
	"bleepstore/reference/backup"
	"bleepstore/reference/meta"
)

// imageOf is where a backup has its copy of the metadata meanwhile.
func imageOf(c Config) string { return c.MetaPath + ".backup" }

// Backup writes a backup of the server, which goes on meanwhile, to w: everything
// that was acknowledged before the call, and nothing half. Its errors are
// admin.ErrRunning, http.ErrServerClosed once Close is called, and those of
// backup.Write; only with nil is it whole. It keeps deleted bodies, and does not
// wait for w once ctx has ended.
func (s *Server) Backup(ctx context.Context, w io.Writer) error {
	if !s.backing.TryLock() {
		return admin.ErrRunning
	}
	if !s.gate.enter() {
		s.backing.Unlock()
		return http.ErrServerClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	out, in := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer s.backing.Unlock()
		defer s.gate.leave()                     // the stores are not needed by who waits for w
		_ = in.CloseWithError(s.backup(ctx, in)) // it has no error
	}()
	go func() {
		select {
		case <-s.closing:
			cancel(http.ErrServerClosed)
		case <-ctx.Done():
		}
		_ = in.CloseWithError(context.Cause(ctx)) // unless it has ended
	}()
	_, err := io.Copy(w, out)
	cancel(nil)
	<-written
	return err
}

// backup writes a backup; s.backing is held.
func (s *Server) backup(ctx context.Context, w io.Writer) error {
	image, volume := imageOf(s.config), s.config.volume()
	if s.stores.dir == nil {
		volume = meta.Volume{}
		dir, err := os.MkdirTemp("", "bleepstore-backup-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		image = filepath.Join(dir, "meta.db")
	}
	b := bufio.NewWriterSize(w, 256<<10)
	_, err := backup.Write(ctx, b, backup.Source{
		Snapshot: s.snapshot, Blobs: s.stores.served(), Image: image, Volume: volume, PauseDeletes: s.stores.pauseDeletes, Now: s.config.Clock.Now,
		Master: s.master,
	})
	if err != nil {
		return err
	}
	return b.Flush()
}

// snapshot copies the metadata as of now to a file.
func (s *Server) snapshot(ctx context.Context, path string) (uint64, error) {
	index, err := s.stores.log.ReadIndex(ctx)
	if err == nil {
		err = s.stores.log.Wait(ctx, index)
	}
	if err != nil {
		return 0, err
	}
	return s.stores.db.Snapshot(ctx, path)
}

// Backup writes a backup of the data directory c.Dir, which no server may be
// using, to w. c.Backend may be "": the directory knows it. That of a node of a
// cluster gives the state that the node has applied, and the bodies that it holds:
// any that it lacks are a *backup.MissingError. Only with nil is the backup whole.
func Backup(ctx context.Context, c Config, w io.Writer) (m backup.Manifest, err error) {
	id, err := c.begun()
	if err != nil {
		return m, err
	}
	setDefault(&c.Backend, id.Backend)
	c.Cluster = nil // nobody is asked
	if c, err = c.withDefaults(); err != nil {
		return m, fmt.Errorf("config: %w", err)
	}
	if _, err := fault.Stat(c.FS, c.MetaPath); err != nil { // it would be made, empty
		return m, fmt.Errorf("metadata: %w", err)
	}
	s := &stores{blobs: c.Blobs, idle: true}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.openDisk(ctx, c); err != nil {
		return m, err
	}
	return backup.Write(ctx, w, backup.Source{Snapshot: s.db.Snapshot, Blobs: s.blobs, Image: imageOf(c), Volume: c.volume(), Now: c.Clock.Now, Master: id.Master})
}

// begun reads the identity of a directory that a server has used.
func (c *Config) begun() (id identity, err error) {
	fsys := c.FS
	if fsys == nil {
		fsys = fault.OS{}
	}
	text, err := fault.ReadFile(fsys, filepath.Join(c.Dir, idFile))
	if errors.Is(err, fs.ErrNotExist) {
		return id, fmt.Errorf("%s is no data directory of a server: it has no file %s", c.Dir, idFile)
	}
	if err == nil {
		err = json.Unmarshal(text, &id)
	}
	if err != nil {
		return id, fmt.Errorf("data directory %s: file %s: %w", c.Dir, idFile, err)
	}
	return id, nil
}
