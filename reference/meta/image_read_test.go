package meta

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eachBlob lists the blobs of an image of s with the lengths that are named.
func (s *store) eachBlob() (list []string) {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "image")
	if _, err := s.db.Snapshot(s.t.Context(), path); err != nil {
		s.t.Fatal(err)
	}
	i, err := (Volume{}).OpenImage(path)
	if err != nil {
		s.t.Fatal(err)
	}
	err = i.EachBlob(func(id string, size int64) error {
		list = append(list, fmt.Sprint(id, " ", size))
		return nil
	})
	if err := errors.Join(err, i.Close()); err != nil {
		s.t.Fatal(err)
	}
	return list
}

// A blob counts for as much of it as anybody names, garbage included.
func TestBlobsOfAnImage(t *testing.T) {
	s := openFile(t)
	long := putBlob("b", "long", "x")
	long.Extents, long.Size = []Extent{{Blob: "x", Off: 50, Len: 100}, {Blob: "a", Off: 7, Len: 3}}, 103
	s.must(mkBucket("b"), put("b", "inline", "body"), putBlob("b", "k", "x", "m"), long, putBlob("b", "gone", "z"), del("b", "gone"))
	if d := cmp.Diff([]string{"a 10", "m 100", "x 150", "z 100"}, s.eachBlob()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	s.must(del("b", "long"), Reap{Grace: 0, Max: 100})
	if d := cmp.Diff([]string{"m 100", "x 100"}, s.eachBlob()); d != "" {
		t.Errorf("after Reap (-want +got):\n%s", d)
	}
}

func TestOpenImageRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := (Volume{}).OpenImage(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
	s := openFile(t)
	s.must(mkBucket("b"), put("b", "k", "body"))
	path := filepath.Join(dir, "image")
	if _, err := s.db.Snapshot(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string][]byte{"cut": whole[:len(whole)/2], "text": []byte("this is not a database, however long it may be made"), "empty": nil} {
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (Volume{}).OpenImage(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
}

// A state that comes out of a cluster is, detached, one that never was in one:
// only the term differs, and the log goes on behind the same index.
func TestDetach(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"), put("b", "k", "body"))
	e := s.entry(TermStart{Node: "n1"})
	e.Term = 7
	if _, err := s.db.Apply([]Entry{e}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image")
	if _, err := s.db.Snapshot(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := (Volume{}).Detach(path); err != nil {
		t.Fatal(err)
	}
	d := openStore(t, Options{Path: path, Sync: SyncFull})
	if got := d.db.m.st; got.term != 0 || got.applied != s.db.Applied() {
		t.Errorf("term %d, applied %d; want 0, %d", got.term, got.applied, s.db.Applied())
	}
	if d.contents() != s.contents() {
		t.Error("detaching changed the state")
	}
	d.must(put("b", "k2", "more"))
	d.wantBody("b", "k", "", "body")
}
