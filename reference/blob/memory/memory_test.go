package memory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/block"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return New(0) })
}

func TestStoreWithLimit(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return New(1 << 30) })
}

func create(t *testing.T, s *Store, id blob.ID, data []byte) error {
	t.Helper()
	_, err := s.Create(t.Context(), id, bytes.NewReader(data), int64(len(data)))
	return err
}

func TestLimit(t *testing.T) {
	s := New(100)
	if err := create(t, s, "a", make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	body := bytes.NewReader(make([]byte, 41))
	if _, err := s.Create(t.Context(), "b", body, 41); !errors.Is(err, blob.ErrFull) || body.Len() != 41 {
		t.Errorf("41 beside 60 of 100: got %v after %d bytes, want ErrFull before the first", err, 41-body.Len())
	}
	if err := create(t, s, "c", make([]byte, 40)); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
	if err := create(t, s, "empty", nil); err != nil {
		t.Errorf("no bytes in a full store: %v", err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), "d", iotest.ErrReader(io.ErrClosedPipe), 60); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatalf("got %v, want the error of the body", err)
	}
	if err := create(t, s, "e", make([]byte, 60)); err != nil {
		t.Errorf("a delete and a failed create must give back their bytes: %v", err)
	}
}

// filled returns a store, and what is in it.
func filled(t *testing.T) (*Store, map[blob.ID][]byte) {
	s, blobs := New(0), map[blob.ID][]byte{}
	for i, size := range []int{0, 1, 100, block.Size, 2*block.Size + 5} {
		id := blob.ID(fmt.Sprint("blob-", i))
		blobs[id] = bytes.Repeat([]byte{byte(i), 7, 3}, size)[:size]
		if err := create(t, s, id, blobs[id]); err != nil {
			t.Fatal(err)
		}
	}
	return s, blobs
}

func wantBlobs(t *testing.T, s *Store, blobs map[blob.ID][]byte) {
	t.Helper()
	n := 0
	if err := s.List(t.Context(), "", func(blob.Info) error { n++; return nil }); err != nil || n != len(blobs) {
		t.Errorf("%d blobs, %v, want %d", n, err, len(blobs))
	}
	for id, data := range blobs {
		r, err := s.Open(t.Context(), id, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: got %d bytes, %v, want %d", id, len(got), err, len(data))
		}
	}
}

func TestSnapshotAndRestore(t *testing.T) {
	s, blobs := filled(t)
	var snap bytes.Buffer
	if err := s.Snapshot(&snap); err != nil {
		t.Fatal(err)
	}
	again := New(1 << 30)
	if err := create(t, again, "old", []byte("gone after the restore")); err != nil {
		t.Fatal(err)
	}
	stream := io.MultiReader(&snap, bytes.NewReader([]byte("what follows")))
	if err := again.Restore(stream); err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, again, blobs)
	if again.used != s.used {
		t.Errorf("%d bytes are accounted for, want %d", again.used, s.used)
	}
	if rest, err := io.ReadAll(stream); string(rest) != "what follows" {
		t.Errorf("what follows the snapshot: got %q, %v", rest, err)
	}
}

func TestRestoreRefusesABadSnapshot(t *testing.T) {
	s, _ := filled(t)
	var snap bytes.Buffer
	if err := s.Snapshot(&snap); err != nil {
		t.Fatal(err)
	}
	whole := snap.Bytes()
	kept := map[blob.ID][]byte{"old": []byte("stays")}
	target := New(int64(len(whole)))
	if err := create(t, target, "old", kept["old"]); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, 8, 9, 12, 20, 60, len(whole) / 2, len(whole) - 1} {
		if err := target.Restore(bytes.NewReader(whole[:n])); !errors.Is(err, ErrSnapshot) {
			t.Errorf("cut to %d of %d: got %v, want ErrSnapshot", n, len(whole), err)
		}
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/100 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		if err := target.Restore(bytes.NewReader(bad)); !errors.Is(err, ErrSnapshot) && !errors.Is(err, blob.ErrFull) {
			t.Errorf("bit of byte %d flipped: got %v, want ErrSnapshot", at, err)
		}
	}
	if err := New(1000).Restore(bytes.NewReader(whole)); !errors.Is(err, blob.ErrFull) {
		t.Errorf("above the limit: got %v, want ErrFull", err)
	}
	if err := target.Restore(io.MultiReader(bytes.NewReader(whole[:50]), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("stream fails: got %v, want its error", err)
	}
	wantBlobs(t, target, kept)
}

func BenchmarkStore(b *testing.B) {
	blobtest.Bench(b, func(b *testing.B) blob.Store { return New(0) })
}
