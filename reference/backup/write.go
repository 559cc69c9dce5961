package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/meta"
)

// A Source is the store that is backed up. Snapshot, Blobs and Image are needed.
type Source struct {
	// Snapshot writes the metadata to a file, in the place of one that is there:
	// as of a moment at which everything is applied that was acknowledged before
	// the call.
	Snapshot func(ctx context.Context, path string) (applied uint64, err error)
	Blobs    blob.Store
	// Image is the file for Snapshot, on a disk with room for the metadata. It is
	// removed at the end; a process that was killed leaves it, and it may stay
	// until the next backup.
	Image  string
	Volume meta.Volume // where Image is
	// PauseDeletes keeps every blob that exists until resume is called. nil:
	// nothing is deleted anyway.
	PauseDeletes func() (resume func())
	Now          func() time.Time // nil: time.Now
	Master       string           // see Manifest
}

// Write writes a backup to w. Nothing is written before the metadata is taken,
// and an error after that leaves w without an end, so that nobody takes it for a
// backup: *MissingError, what the store or w say, or ctx's. Every block of a blob
// is verified before it is written. The store may be in use.
func Write(ctx context.Context, w io.Writer, s Source) (m Manifest, err error) {
	if s.PauseDeletes != nil {
		resume := s.PauseDeletes()
		defer resume()
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	if _, err := s.Snapshot(ctx, s.Image); err != nil {
		return m, fmt.Errorf("take the metadata: %w", err)
	}
	image, err := s.Volume.OpenImage(s.Image)
	if err != nil {
		return m, fmt.Errorf("read the metadata taken: %w", err)
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	m = Manifest{Format: format, Made: now().UTC().Truncate(time.Second), Master: s.Master}
	if err := m.measure(image); err != nil {
		return m, fmt.Errorf("read the metadata taken: %w", err)
	}
	sum := sha256.New()
	a := &archive{ctx: ctx, tar: tar.NewWriter(io.MultiWriter(w, sum)), source: &s, manifest: &m}
	if err := a.write(image); err != nil {
		return m, fmt.Errorf("write backup: %w", err)
	}
	end, err := m.seal(sum.Sum(nil))
	if err == nil {
		_, err = w.Write(end)
	}
	if err != nil {
		return m, fmt.Errorf("write the end of the backup: %w", err)
	}
	return m, nil
}

// An archive is a backup that is being written.
type archive struct {
	ctx      context.Context
	tar      *tar.Writer
	source   *Source
	manifest *Manifest
	missing  MissingError
}

// write writes everything but the end.
func (a *archive) write(image *meta.Image) error {
	info, err := fault.Stat(a.source.files(), a.source.Image)
	if err != nil {
		return err
	}
	a.manifest.MetaBytes = info.Size()
	text, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(a.manifest.header(manifestName, int64(len(text)))); err != nil {
		return err
	}
	if _, err := a.tar.Write(text); err != nil {
		return err
	}
	if err := a.image(); err != nil {
		return err
	}
	if err := eachBlob(image, a.blob); err != nil {
		return err
	}
	if a.missing.Blobs > 0 {
		a.missing.Of = a.manifest.Blobs
		return &a.missing
	}
	return a.tar.Flush()
}

func (a *archive) image() error {
	f, err := a.source.files().OpenFile(a.source.Image, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return a.entry(imageName, a.manifest.MetaBytes, io.NewSectionReader(f, 0, a.manifest.MetaBytes))
}

// blob writes one blob. After the first that is missing the others are counted
// only: the backup is lost, but not the answer to how bad it is.
func (a *archive) blob(id string, size int64) error {
	if err := a.ctx.Err(); err != nil {
		return context.Cause(a.ctx)
	}
	r, err := a.source.Blobs.Open(a.ctx, blob.ID(id), 0, size)
	if errors.Is(err, blob.ErrNotFound) {
		if a.missing.Blobs++; a.missing.Blobs == 1 {
			a.missing.First = blob.ID(id)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("open blob %s: %w", id, err)
	}
	defer r.Close()
	if a.missing.Blobs > 0 {
		return nil
	}
	if err := a.entry(blobPrefix+id, size, r); err != nil {
		return fmt.Errorf("blob %s: %w", id, err)
	}
	return nil
}

// entry writes size bytes of r under name.
func (a *archive) entry(name string, size int64, r io.Reader) error {
	if err := a.tar.WriteHeader(a.manifest.header(name, size)); err != nil {
		return err
	}
	n, err := io.Copy(a.tar, r)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes, want %d", n, size)
	}
	return err
}

func (s *Source) files() fault.FS {
	if s.Volume.FS == nil {
		return fault.OS{}
	}
	return s.Volume.FS
}

// remove removes the image, which may be missing.
func (s *Source) remove() error {
	if err := s.files().Remove(s.Image); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
