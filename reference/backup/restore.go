package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/meta"
)

// A Target is an empty store.
type Target struct {
	Meta   string      // where the metadata's database will be; there is no file
	Volume meta.Volume // where Meta is
	Blobs  blob.Store  // holds nothing
}

// Restore fills t from the backup that r reads. When it returns nil, the whole
// stream was verified and all of it is durable, but for the name of t.Meta in its
// directory. After an error, ErrDamaged or a failure of r or t, what it made is
// still there, is no store, and has to be removed by the caller.
//
// The metadata begins a log of its own, see meta.Detach.
func Restore(ctx context.Context, r io.Reader, t Target) (Manifest, error) {
	in := newReader(ctx, r)
	if err := in.begin(meta.StateVersion); err != nil {
		return in.manifest, err
	}
	if err := in.image(); err != nil {
		return in.manifest, err
	}
	if err := in.metadata(t); err != nil {
		return in.manifest, fmt.Errorf("restore metadata: %w", err)
	}
	if err := in.fill(t); err != nil {
		return in.manifest, err
	}
	if err := in.end(); err != nil {
		return in.manifest, err
	}
	return in.manifest, t.Volume.Detach(t.Meta)
}

// metadata makes the file t.Meta of the image in the backup.
func (r *reader) metadata(t Target) error {
	fsys := t.Volume.FS
	if fsys == nil {
		fsys = fault.OS{}
	}
	f, err := fsys.OpenFile(t.Meta, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source{r.tar})
	return errors.Join(r.told(imageName, err), f.Close())
}

// told is err, put down to the backup where that is what failed.
func (r *reader) told(where string, err error) error {
	var broken *sourceError
	if errors.As(err, &broken) {
		return r.damaged(where, broken.error)
	}
	return err
}

// fill checks the metadata against the manifest, and stores the blobs, which
// have to be those that the metadata names.
func (r *reader) fill(t Target) (err error) {
	image, err := t.Volume.OpenImage(t.Meta)
	if errors.Is(err, meta.ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("restore metadata: %w", err)
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	found := r.manifest
	if err := found.measure(image); err != nil {
		return fmt.Errorf("read restored metadata: %w", err)
	}
	if found != r.manifest {
		return fmt.Errorf("%w: the manifest speaks of other metadata", ErrDamaged)
	}
	f := newFiller(r.ctx, t.Blobs)
	err = eachBlob(image, func(id string, size int64) error { return r.blob(f, id, size) })
	if late := f.wait(); err == nil {
		err = late
	}
	return err
}

// blob stores the next blob.
func (r *reader) blob(to *filler, id string, size int64) error {
	got, err := r.next(blobPrefix + id)
	if err != nil {
		return err
	}
	if got != size {
		return fmt.Errorf("%w: blob %s has %d bytes, and %d are named", ErrDamaged, id, got, size)
	}
	return r.told("blob "+id, to.put(blob.ID(id), source{r.tar}, size))
}

// A source marks the failures of the backup's stream, so that they can be told
// from those of the store that reads it.
type source struct{ r io.Reader }

type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }

func (s source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		err = &sourceError{err}
	}
	return n, err
}
