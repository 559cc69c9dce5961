package reference

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/minio/crc64nvme"

	"bleepstore/fault"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/meta"
)

// A snapshot is the file in which a memory backend outlives its process: a
// magic line, the length and CRC-64/NVME of a metadata database, the database,
// the blobs. It is replaced as a whole.
type snapshot struct {
	path  string
	blobs *memory.Store
	lock  io.Closer
	saved uint64 // log index that the file holds
}

var snapshotMagic = []byte("bleepstore snapshot 1\n")

var errSnapshot = errors.New("the file is not a whole snapshot")

func openSnapshot(path string, blobs *memory.Store) (*snapshot, error) {
	l, err := flock(path + ".lock")
	if err != nil {
		return nil, err
	}
	return &snapshot{path: path, blobs: blobs, lock: l}, nil
}

func (s *snapshot) close() error { return s.lock.Close() }

// image is the temporary file of the metadata's part.
func (s *snapshot) image() string { return s.path + ".meta" }

// restore fills the blobs and returns the metadata; both are empty when there
// is no file yet.
func (s *snapshot) restore(ctx context.Context) (_ *meta.DB, err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return meta.Open(ctx, meta.Options{})
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := s.extract(f); err != nil {
		return nil, errors.Join(err, ignoreMissing(os.Remove(s.image())))
	}
	db, err := meta.Open(ctx, meta.Options{Image: s.image()})
	if err = errors.Join(err, os.Remove(s.image())); err != nil {
		return nil, err
	}
	if err := s.blobs.Restore(f); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.saved = db.Applied()
	return db, nil
}

// extract copies the metadata's part of the snapshot r to its temporary file.
func (s *snapshot) extract(r io.Reader) error {
	head := make([]byte, len(snapshotMagic)+16)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head, snapshotMagic) {
		return errSnapshot
	}
	numbers := head[len(snapshotMagic):]
	size, want := int64(binary.BigEndian.Uint64(numbers)), binary.BigEndian.Uint64(numbers[8:])
	f, err := os.OpenFile(s.image(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	sum := crc64nvme.New()
	n, err := io.CopyN(io.MultiWriter(f, sum), r, size)
	if err = errors.Join(err, f.Close()); n != size || sum.Sum64() != want {
		return errors.Join(errSnapshot, err)
	}
	return err
}

// save writes the state of db and the blobs that it names, if anything has
// changed since the last time. The metadata is taken first: a blob that it
// names outlives the copying, because garbage is kept for a grace.
func (s *snapshot) save(ctx context.Context, db *meta.DB) error {
	applied := db.Applied()
	if applied == s.saved {
		return nil
	}
	if err := ignoreMissing(os.Remove(s.image())); err != nil { // of a process that was killed
		return err
	}
	err := db.Save(ctx, s.image())
	if err == nil {
		err = replaceFile(fault.OS{}, s.path, s.write)
	}
	if err = errors.Join(err, ignoreMissing(os.Remove(s.image()))); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	s.saved = applied
	return nil
}

// write assembles the snapshot.
func (s *snapshot) write(w io.Writer) error {
	f, err := os.Open(s.image())
	if err != nil {
		return err
	}
	defer f.Close()
	sum := crc64nvme.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	head := binary.BigEndian.AppendUint64(bytes.Clone(snapshotMagic), uint64(size))
	head = binary.BigEndian.AppendUint64(head, sum.Sum64())
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		return err
	}
	return s.blobs.Snapshot(w)
}
