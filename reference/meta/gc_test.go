package meta

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

func (s *store) wantReaped(op Reap, want ...string) {
	s.t.Helper()
	got := s.must(op).Blobs
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		s.t.Errorf("reaped (-want +got):\n%s", d)
	}
}

func TestReapWaitsForGrace(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), putBlob("b", "k", "x"), del("b", "k"))
	deleted := s.stamp
	s.wantReaped(Reap{Grace: time.Hour, Max: 10})
	s.stamp = deleted + time.Hour.Milliseconds() - 2000
	s.wantReaped(Reap{Grace: time.Hour, Max: 10})
	s.wantReaped(Reap{Grace: time.Hour, Max: 10}, "x")
	s.wantReaped(Reap{Grace: 0, Max: 10})
}

// A blob lives as long as any content names it, in whatever order they go.
func TestCopySharesBlobs(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), mkBucket("c"), putBlob("b", "k", "x", "y"))
	src, _ := s.read("b", "k", "")
	cp := CopyObject{Write: put("c", "copy", "").Write, Source: src.Content}
	cp.Size = 200
	s.must(cp, del("b", "k"))
	s.wantReaped(Reap{Max: 10})
	s.wantBody("c", "copy", "", "<x 0+100><y 0+100>")
	s.must(putBlob("c", "copy", "z"))
	s.wantReaped(Reap{Max: 10}, "x", "y")
	s.wantBody("c", "copy", "", "<z 0+100>")
}

// A source that was deleted after it was read can be copied until it is reaped.
func TestCopyOfDeletedSource(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), putBlob("b", "k", "x", "y", "z"))
	src, _ := s.read("b", "k", "")
	s.must(del("b", "k"))
	cp := CopyObject{Write: put("b", "copy", "").Write, Source: src.Content}
	cp.Size = 300
	up := s.upload("m")
	pc := RegisterPart{Bucket: "b", Key: "m", UploadID: up, Number: 1, Size: 50, ETag: etag("p"), Source: src.Content, Offset: 75}
	s.must(pc)
	s.wantReaped(Reap{Max: 1}, "z") // one extent of three: from now on it is gone
	for _, op := range []Op{cp, func() Op { pc.Offset = 200; return pc }()} {
		before := s.contents()
		if r := s.do(op); !r.SourceGone || r.Err != nil {
			t.Errorf("%T of a reaped source: %+v", op, r)
		}
		if s.contents() != before {
			t.Errorf("%T of a reaped source changed the state", op)
		}
	}
	s.must(complete("m", up, 1, "p"))
	s.wantBody("b", "m", "", "<x 75+25><y 0+25>")
	s.wantReaped(Reap{Max: 10})
	s.must(del("b", "m"))
	s.wantReaped(Reap{Max: 10}, "x", "y")
}

// Parts copied from any range of an object of blobs and inline parts.
func TestPartCopiedFromMixedSource(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up := s.upload("src")
	s.must(blobPart("src", up, 1, "x"), part("src", up, 2, "0123456789"), blobPart("src", up, 3, "y"), part("src", up, 4, "abcdefghij"))
	s.must(complete("src", up, 1, "x", 2, "0123456789", 3, "y", 4, "abcdefghij"))
	src, _ := s.read("b", "src", "")
	tests := []struct {
		off, len int64
		want     string
	}{
		{0, 220, "<x 0+100>0123456789<y 0+100>abcdefghij"},
		{0, 100, "<x 0+100>"},
		{99, 2, "<x 99+1>0"},
		{103, 4, "3456"},
		{105, 106, "56789<y 0+100>a"},
		{219, 1, "j"},
	}
	up = s.upload("dst")
	var want string
	op := complete("dst", up)
	for i, tt := range tests {
		tag := etag(tt.want)
		s.must(RegisterPart{Bucket: "b", Key: "dst", UploadID: up, Number: i + 1, Size: tt.len, ETag: tag, Source: src.Content, Offset: tt.off})
		op.Parts = append(op.Parts, PartRef{Number: i + 1, ETag: tag})
		want += tt.want
	}
	r := s.do(RegisterPart{Bucket: "b", Key: "dst", UploadID: up, Number: 9, Size: 2, ETag: etag(""), Source: src.Content, Offset: 219})
	if !r.SourceGone {
		t.Errorf("a range past the end: %+v", r)
	}
	s.must(op)
	s.wantBody("b", "dst", "", want)
	dst, _ := s.read("b", "dst", "")
	cp := CopyObject{Write: put("b", "copy", "").Write, Source: dst.Content}
	cp.Size = dst.Size
	s.must(cp, del("b", "src"), del("b", "dst"))
	s.wantReaped(Reap{Max: 1000})
	s.wantBody("b", "copy", "", want)
	if o, _ := s.read("b", "copy", ""); o.PartCount != 0 { // CP-11
		t.Errorf("a copy has %d parts", o.PartCount)
	}
	s.must(del("b", "copy"))
	s.wantReaped(Reap{Max: 1000}, "x", "y")
	for _, table := range []string{"inline", "extent", "part", "garbage"} {
		s.wantRows(table, 0)
	}
}

// However little is reaped at a time, every blob comes out once.
func TestReapInSteps(t *testing.T) {
	for step := 1; step <= 7; step++ {
		s := openMemory(t)
		s.must(mkBucket("b"))
		var want, got []string
		for i := range 4 {
			var blobs []string
			for j := range i + 1 {
				blobs = append(blobs, fmt.Sprintf("%d-%d", i, j))
			}
			key := fmt.Sprint("k", i)
			s.must(putBlob("b", key, blobs...), del("b", key))
			want = append(want, blobs...)
		}
		for range 40 {
			got = append(got, s.must(Reap{Max: step}).Blobs...)
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d at a time (-want +got):\n%s", step, d)
		}
		s.wantRows("garbage", 0)
		s.wantRows("extent", 0)
	}
}

func TestFence(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), putBlob("b", "old", "1-a"))
	up := s.upload("m")
	s.must(blobPart("m", up, 1, "1-b"))
	if r := s.must(Fence{Epoch: 1}); r.Epoch != 2 {
		t.Errorf("epoch %d, want 2", r.Epoch)
	}
	if r := s.must(Fence{Epoch: 1}); r.Epoch != 2 { // proposed twice
		t.Errorf("epoch %d after a late fence, want 2", r.Epoch)
	}
	s.must(putBlob("b", "k", "1-c")) // one epoch behind is in time
	s.must(Fence{Epoch: 2})
	late := putBlob("b", "k", "1-d")
	s.refuse(errcode.SlowDown, late)
	s.refuse(errcode.SlowDown, blobPart("m", up, 2, "1-e"))
	late.Epoch = 2
	s.must(late, put("b", "inline", "needs no blob"))
	// What is named already is never refused.
	old, _ := s.read("b", "old", "")
	cp := CopyObject{Write: put("b", "copy", "").Write, Source: old.Content}
	cp.Size = 100
	s.must(cp, complete("m", up, 1, "1-b"))
	s.view(func(tx *Tx) error {
		named, err := tx.Referenced([]string{"1-a", "1-b", "1-c", "1-d", "1-e", ""})
		if d := cmp.Diff([]bool{true, true, true, true, false, false}, named); d != "" {
			t.Errorf("referenced (-want +got):\n%s", d)
		}
		return err
	})
}
