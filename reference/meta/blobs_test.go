package meta

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// blobs pages through what is named, n at a time.
func (s *store) blobs(n int) (all []string) {
	s.t.Helper()
	for after := ""; ; after = all[len(all)-1] {
		var page []string
		s.view(func(tx *Tx) (err error) {
			page, err = tx.Blobs(after, n)
			return err
		})
		if len(page) > n {
			s.t.Fatalf("%d blobs on a page of %d", len(page), n)
		}
		all = append(all, page...)
		if len(page) < n {
			return all
		}
	}
}

func (s *store) wantBlobs(want ...string) {
	s.t.Helper()
	for n := 1; n <= len(want)+1; n++ {
		if d := cmp.Diff(want, s.blobs(n)); d != "" {
			s.t.Errorf("%d at a time (-want +got):\n%s", n, d)
		}
	}
}

// Every blob that any content names is listed once: of objects, copies, uploads
// and garbage, but not what is inline.
func TestBlobsThatAreNamed(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"), put("b", "inline", "body"), putBlob("b", "k", "m", "c"), putBlob("b", "gone", "z"), del("b", "gone"))
	src, _ := s.read("b", "k", "")
	cp := CopyObject{Write: put("b", "copy", "").Write, Source: src.Content}
	cp.Size = 200
	part := func(n int, blobs ...Extent) RegisterPart {
		size := int64(0)
		for _, e := range blobs {
			size += e.Len
		}
		return RegisterPart{Bucket: "b", Key: "u", UploadID: s.upload("u"), Number: n, Size: size, ETag: etag("p"), Extents: blobs, Epoch: 1}
	}
	s.must(cp, part(1, Extent{Blob: "a", Len: 10}), part(2, Extent{Blob: "y", Len: 5}))
	s.wantBlobs("a", "c", "m", "y", "z")
	s.wantReaped(Reap{Max: 10}, "z")
	s.wantBlobs("a", "c", "m", "y")
	s.must(del("b", "k"))
	s.wantReaped(Reap{Max: 10})
	s.wantBlobs("a", "c", "m", "y") // the copy's
	s.explain()
	plan := explainPlan(t, s.db.m.c, selectBlobs)
	if want := "SEARCH extent USING COVERING INDEX extent_blob (blob>?)"; !slices.Equal(plan, []string{want}) {
		t.Errorf("plan %q, want %q", plan, want)
	}
}

// The epoch is there as soon as its index is, whoever brought it.
func TestEpochIsPublished(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "meta.db"), Sync: SyncNormal}
	s := openStore(t, o)
	if got := s.db.Epoch(); got != 1 {
		t.Errorf("a new database is in epoch %d, want 1", got)
	}
	const fences = 50
	done := make(chan error)
	go func() {
		for i := uint64(1); i <= fences; i++ {
			if err := s.db.WaitApplied(context.Background(), i); err != nil {
				done <- err
				return
			}
			if got := s.db.Epoch(); got < i+1 {
				done <- fmt.Errorf("epoch %d at index %d", got, i)
				return
			}
		}
		done <- nil
	}()
	for i := range fences {
		s.must(Fence{Epoch: uint64(i + 1)})
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := openStore(t, o).db.Epoch(); got != fences+1 {
		t.Errorf("opened again: epoch %d, want %d", got, fences+1)
	}
}

func TestReloadPublishesTheEpoch(t *testing.T) {
	from := openMemory(t)
	from.must(mkBucket("b"), Fence{Epoch: 1}, Fence{Epoch: 2})
	path := filepath.Join(t.TempDir(), "s.db")
	if _, err := from.db.Snapshot(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := openFile(t)
	if moved, err := s.db.Reload(bytes.NewReader(file)); !moved || err != nil {
		t.Fatalf("reload: %v, %v", moved, err)
	}
	if got := s.db.Epoch(); got != 3 {
		t.Errorf("epoch %d, want 3", got)
	}
}
