package memory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// snapshotMagic begins a snapshot. Each blob follows: the length of its id in
// one byte, the id, 8 bytes of size, its bytes and its trailer as in a file. A
// zero byte ends the snapshot; all sums that are needed lie in the trailers.
const snapshotMagic = "bleepms1"

// ErrSnapshot: a stream is not a whole snapshot.
var ErrSnapshot = errors.New("malformed snapshot of blobs")

// Snapshot writes all blobs that there are when it is called to w. Creates and
// Deletes go on meanwhile. w is written to in large pieces and needs no buffer.
func (s *Store) Snapshot(w io.Writer) error {
	head := []byte(snapshotMagic)
	for _, e := range s.sorted("") {
		head = append(head, byte(len(e.info.ID)))
		head = append(head, e.info.ID...)
		head = binary.BigEndian.AppendUint64(head, uint64(e.info.Size))
		if _, err := w.Write(head); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
		for _, b := range e.blocks {
			if _, err := w.Write(b); err != nil {
				return fmt.Errorf("snapshot: %w", err)
			}
		}
		head = e.sums.Trailer(e.info.ID)
	}
	if _, err := w.Write(append(head, 0)); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// Restore replaces all blobs by those of a snapshot. It reads r up to the
// snapshot's end and not beyond. If the snapshot is not whole, or larger than
// the limit, the store stays as it was and the error is ErrSnapshot or
// blob.ErrFull. No other call may run.
func (s *Store) Restore(r io.Reader) error {
	restored := New(s.max)
	if err := restored.read(r); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs, s.used = restored.blobs, restored.used
	return nil
}

func (s *Store) read(r io.Reader) error {
	var magic [len(snapshotMagic)]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return malformed(err)
	}
	if string(magic[:]) != snapshotMagic {
		return fmt.Errorf("%w: it begins with %q", ErrSnapshot, magic)
	}
	for {
		e, err := s.readBlob(r)
		if err != nil {
			return err
		}
		if e == nil {
			return nil
		}
		if s.blobs[e.info.ID] != nil {
			return fmt.Errorf("%w: %s comes twice", ErrSnapshot, e.info.ID)
		}
		s.blobs[e.info.ID] = e
	}
}

// readBlob returns the next blob, nil at the end.
func (s *Store) readBlob(r io.Reader) (*entry, error) {
	var head [256]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return nil, malformed(err)
	}
	n := int(head[0])
	if n == 0 {
		return nil, nil
	}
	if _, err := io.ReadFull(r, head[:n]); err != nil {
		return nil, malformed(err)
	}
	id := blob.ID(head[:n])
	if _, err := io.ReadFull(r, head[:8]); err != nil {
		return nil, malformed(err)
	}
	size := int64(binary.BigEndian.Uint64(head[:8]))
	if err := blob.CheckNew(id, size); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if err := s.reserve(size); err != nil {
		return nil, err
	}
	return readContent(r, id, size)
}

func readContent(r io.Reader, id blob.ID, size int64) (*entry, error) {
	e := &entry{sums: &block.Sums{}}
	for left := size; left > 0; {
		b := make([]byte, min(left, block.Size))
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, malformed(err)
		}
		e.sums.Write(b)
		e.blocks = append(e.blocks, b)
		left -= int64(len(b))
	}
	want := e.sums.Trailer(id)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil {
		return nil, malformed(err)
	}
	if !bytes.Equal(got, want) {
		return nil, fmt.Errorf("%w: %s: %w", ErrSnapshot, id, blob.ErrCorrupt)
	}
	e.info = e.sums.Info(id)
	return e, nil
}

// malformed turns the end of a stream into ErrSnapshot.
func malformed(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it ends early", ErrSnapshot)
	}
	return err
}
