package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"bleepstore/reference/blob"
)

// A reader takes a backup apart. It hashes everything that it reads.
type reader struct {
	ctx      context.Context
	tar      *tar.Reader
	in       *stream
	raw      io.Reader // in, hashed too; tar reads from it
	sum      hash.Hash
	manifest Manifest
	last     int64 // length of the entry that was read last
}

func newReader(ctx context.Context, r io.Reader) *reader {
	in, sum := &stream{ctx: ctx, r: r}, sha256.New()
	// What implements more than Read would let tar skip what has to be hashed.
	raw := io.TeeReader(in, sum)
	return &reader{ctx: ctx, tar: tar.NewReader(raw), in: in, raw: raw, sum: sum}
}

// A stream is what a backup is read from. It ends with its context.
type stream struct {
	ctx context.Context
	r   io.Reader
	err error // that it failed with
}

func (s *stream) Read(p []byte) (n int, err error) {
	if err = context.Cause(s.ctx); err == nil {
		n, err = s.r.Read(p)
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// damaged says where a backup is not whole, unless reading it has failed.
func (r *reader) damaged(where string, err error) error {
	switch {
	case r.in.err != nil:
		return fmt.Errorf("read backup: %s: %w", where, r.in.err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %s: it ends early", ErrDamaged, where)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, where, err)
}

// next goes to the next entry, which has to be a file called name.
func (r *reader) next(name string) (size int64, err error) {
	h, err := r.header()
	if err != nil {
		return 0, r.damaged(name, err)
	}
	if h.Name != name {
		return 0, fmt.Errorf("%w: there is %.100q in the place of %s", ErrDamaged, h.Name, name)
	}
	return h.Size, nil
}

func (r *reader) header() (*tar.Header, error) {
	h, err := r.tar.Next()
	if err != nil {
		return nil, err
	}
	if h.Typeflag != tar.TypeReg || h.Size < 0 {
		return nil, errors.New("not a file")
	}
	r.last = h.Size
	return h, nil
}

// begin reads the manifest.
func (r *reader) begin(stateVersion int) error {
	size, err := r.next(manifestName)
	if err != nil {
		return err
	}
	if size > maxManifest {
		return fmt.Errorf("%w: the manifest has %d bytes", ErrDamaged, size)
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return r.damaged(manifestName, err)
	}
	m := &r.manifest
	if err := json.Unmarshal(text, m); err != nil {
		return r.damaged(manifestName, err)
	}
	if m.Format != format {
		return fmt.Errorf("backup of format %d: this program knows %d", m.Format, format)
	}
	if m.StateVersion > stateVersion {
		return fmt.Errorf("state version %d is of a later version of this program, which knows %d", m.StateVersion, stateVersion)
	}
	if m.Blobs < 0 || m.BlobBytes < 0 || m.MetaBytes < 0 {
		return fmt.Errorf("%w: the manifest counts below 0", ErrDamaged)
	}
	return nil
}

// image goes to the metadata, which the caller reads from r.tar.
func (r *reader) image() error {
	size, err := r.next(imageName)
	if err == nil && size != r.manifest.MetaBytes {
		err = fmt.Errorf("%w: the metadata has %d bytes, not %d", ErrDamaged, size, r.manifest.MetaBytes)
	}
	return err
}

// end reads what is behind the last blob, and says whether everything before it
// is what was written.
func (r *reader) end() error {
	if _, err := io.CopyN(io.Discard, r.raw, -r.last&511); err != nil { // the last entry's padding
		return r.damaged("its end", err)
	}
	want, err := r.manifest.seal(r.sum.Sum(nil))
	if err != nil {
		return err
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r.in, got); err != nil {
		return r.damaged("its end", err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: it is not what was written, its checksum differs", ErrDamaged)
	}
	switch n, err := io.ReadFull(r.in, got[:1]); {
	case n > 0:
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	case err != io.EOF:
		return fmt.Errorf("read behind the backup's end: %w", err)
	}
	return nil
}

// Verify reads a backup to its end and says whether it is whole: ErrDamaged. It
// does not look into the metadata, as Restore does.
func Verify(ctx context.Context, from io.Reader) (Manifest, error) {
	r := newReader(ctx, from)
	if err := r.begin(int(^uint(0) >> 1)); err != nil {
		return r.manifest, err
	}
	if err := r.image(); err != nil {
		return r.manifest, err
	}
	if _, err := io.Copy(io.Discard, r.tar); err != nil {
		return r.manifest, r.damaged(imageName, err)
	}
	before, bytes := "", int64(0)
	for range r.manifest.Blobs {
		h, err := r.header()
		if err != nil {
			return r.manifest, r.damaged("a blob behind "+before, err)
		}
		id, ok := strings.CutPrefix(h.Name, blobPrefix)
		if !ok || blob.ID(id).Check() != nil || id <= before {
			return r.manifest, fmt.Errorf("%w: there is %.100q in the place of a blob", ErrDamaged, h.Name)
		}
		if _, err := io.Copy(io.Discard, r.tar); err != nil {
			return r.manifest, r.damaged(h.Name, err)
		}
		before, bytes = id, bytes+h.Size
	}
	if bytes != r.manifest.BlobBytes {
		return r.manifest, fmt.Errorf("%w: %d bytes of blobs, not %d", ErrDamaged, bytes, r.manifest.BlobBytes)
	}
	return r.manifest, r.end()
}
