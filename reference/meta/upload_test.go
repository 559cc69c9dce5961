package meta

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

func (s *store) upload(key string) string {
	s.t.Helper()
	return s.must(CreateUpload{Bucket: "b", Key: key, Owner: "alice", Attributes: Attributes{
		ContentType: "a/b", StorageClass: "GLACIER", Tags: []Tag{{"t", "1"}},
	}}).Upload.ID
}

func part(key, upload string, number int, body string) RegisterPart {
	return RegisterPart{
		Bucket: "b", Key: key, UploadID: upload, Number: number, Size: int64(len(body)), ETag: etag(body),
		Checksum: Checksum{Algorithm: "CRC32", Type: "COMPOSITE", Value: "sum-" + body}, Body: []byte(body),
	}
}

// blobPart is a part of one blob of 100 bytes.
func blobPart(key, upload string, number int, blob string) RegisterPart {
	p := part(key, upload, number, "")
	p.Size, p.ETag, p.Extents, p.Epoch = 100, etag(blob), []Extent{{blob, 0, 100}}, 1
	return p
}

// complete lists the parts by their bodies: number, body, number, body, ...
func complete(key, upload string, parts ...any) CompleteUpload {
	op := CompleteUpload{Bucket: "b", Key: key, UploadID: upload}
	for i := 0; i < len(parts); i += 2 {
		op.Parts = append(op.Parts, PartRef{Number: parts[i].(int), ETag: etag(parts[i+1].(string))})
	}
	return op
}

func multipartETag(bodies ...string) string {
	h := md5.New()
	for _, b := range bodies {
		sum := md5.Sum([]byte(b))
		h.Write(sum[:])
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(h.Sum(nil)), len(bodies))
}

func TestCompleteUpload(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up := s.upload("k")
	initiated := s.stamp
	s.must(blobPart("k", up, 2, "two"), part("k", up, 7, "tail"), blobPart("k", up, 5, "left out"), part("k", up, 9, "left out too"))
	s.wantBody("b", "k", "", "404") // M-15
	op := complete("k", up, 2, "two", 7, "tail")
	op.Checksum = Checksum{Algorithm: "CRC32", Type: "COMPOSITE", Value: "abc-2"}
	got := s.must(op).Version
	want := Version{
		Bucket: "b", Key: "k", ID: NullVersion, Latest: true, Modified: fromMilli(initiated), // M-17
		Size: 104, ETag: multipartETag("two", "tail"), Owner: "alice", PartCount: 2, Checksum: op.Checksum,
		Attributes: Attributes{ContentType: "a/b", StorageClass: "GLACIER", Tags: []Tag{{"t", "1"}}}, // M-18
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	o, _ := s.read("b", "k", "")
	if d := cmp.Diff(want, o.Version); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	s.wantBody("b", "k", "", "<two 0+100>tail")
	s.view(func(tx *Tx) error {
		all, err := tx.ObjectParts(&o, 0, 10)
		second, err2 := tx.ObjectParts(&o, 2, 1)
		sum := func(v string) Checksum { return Checksum{"CRC32", "COMPOSITE", "sum-" + v} }
		parts := []PartInfo{{2, 100, sum("")}, {7, 4, sum("tail")}}
		if d := cmp.Diff(parts, all); d != "" {
			t.Errorf("parts (-want +got):\n%s", d)
		}
		if d := cmp.Diff(parts[1:], second); d != "" {
			t.Errorf("second page (-want +got):\n%s", d)
		}
		return errors.Join(err, err2)
	})
	s.refuse(errcode.NoSuchUpload, part("k", up, 1, "late"))
	s.refuse(errcode.NoSuchUpload, AbortUpload{Bucket: "b", Key: "k", UploadID: up})
	if d := cmp.Diff([]string{"left out"}, s.must(Reap{Max: 10}).Blobs); d != "" {
		t.Errorf("garbage (-want +got):\n%s", d)
	}
	s.wantRows("inline", 1)
	s.wantRows("part", 2)
}

// M-10: whichever parts are left out, they and nothing else become garbage.
func TestCompleteSubset(t *testing.T) {
	for _, keep := range [][]int{{1}, {9}, {3, 4, 8}, {1, 3, 5, 7, 9}, {2, 9}, {1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		s := openMemory(t)
		s.must(mkBucket("b"))
		up := s.upload("k")
		var garbage []string
		var list []any
		body := ""
		for n := 1; n <= 9; n++ {
			name := fmt.Sprint("p", n)
			op := blobPart("k", up, n, name)
			if n%3 == 0 {
				op = part("k", up, n, name)
			}
			s.must(op)
			switch {
			case slices.Contains(keep, n) && n%3 == 0:
				list, body = append(list, n, name), body+name
			case slices.Contains(keep, n):
				list, body = append(list, n, name), body+"<"+name+" 0+100>"
			case n%3 != 0:
				garbage = append(garbage, name)
			}
		}
		s.must(complete("k", up, list...))
		s.wantBody("b", "k", "", body)
		s.wantReaped(Reap{Max: 100}, garbage...)
		s.wantBody("b", "k", "", body)
		s.wantRows("part", int64(len(keep)))
		s.wantRows("extent", int64(len(keep)))
	}
}

func TestCompleteRefuses(t *testing.T) {
	size := int64(5)
	tests := []struct {
		name string
		op   func(up string) CompleteUpload
		want errcode.Code
	}{
		{"M-08 empty list", func(up string) CompleteUpload { return complete("k", up) }, errcode.MalformedXML},
		{"M-06 descending", func(up string) CompleteUpload { return complete("k", up, 2, "b", 1, "a") }, errcode.InvalidPartOrder},
		{"M-06 duplicate", func(up string) CompleteUpload { return complete("k", up, 1, "a", 1, "a") }, errcode.InvalidPartOrder},
		{"M-07 unknown, behind", func(up string) CompleteUpload { return complete("k", up, 1, "a", 4, "x") }, errcode.InvalidPart},
		{"M-07 unknown, before", func(up string) CompleteUpload { return complete("k", up, 1, "a", 2, "b", 3, "x") }, errcode.InvalidPart},
		{"M-07 wrong etag", func(up string) CompleteUpload { return complete("k", up, 1, "b") }, errcode.InvalidPart},
		{"M-07 no etag", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a")
			op.Parts[0].ETag = "zz"
			return op
		}, errcode.InvalidPart},
		{"a part replaced since it was read", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a")
			op.Parts[0].Checksum = "other"
			return op
		}, errcode.InvalidPart},
		{"M-05 too small", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a", 2, "b")
			op.MinPartSize = 2
			return op
		}, errcode.EntityTooSmall},
		{"M-25 other size", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a")
			op.ExpectSize = &size
			return op
		}, errcode.InvalidRequest},
		{"W-09 condition", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a")
			op.Condition.IfMatch = etag("z")
			return op
		}, errcode.NoSuchKey},
		{"M-03 other key", func(up string) CompleteUpload { return complete("l", up, 1, "a") }, errcode.NoSuchUpload},
		{"M-03 unknown", func(up string) CompleteUpload { return complete("k", up+"x", 1, "a") }, errcode.NoSuchUpload},
		{"M-03 nonsense", func(up string) CompleteUpload { return complete("k", "x", 1, "a") }, errcode.NoSuchUpload},
		{"no bucket", func(up string) CompleteUpload {
			op := complete("k", up, 1, "a")
			op.Bucket = "nob"
			return op
		}, errcode.NoSuchBucket},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openMemory(t)
			s.must(mkBucket("b"))
			up := s.upload("k")
			s.must(part("k", up, 1, "a"), part("k", up, 2, "b"), part("k", up, 5, "c"))
			s.refuse(tt.want, tt.op(up))
			s.must(complete("k", up, 1, "a", 2, "b", 5, "c")) // M-11
			s.wantBody("b", "k", "", "abc")
		})
	}
}

// M-05: the last part may have any size, also when it is the only one.
func TestCompleteSmallLastPart(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up := s.upload("k")
	size := int64(0)
	s.must(part("k", up, 3, ""))
	op := complete("k", up, 3, "")
	op.MinPartSize, op.ExpectSize = 5<<20, &size
	if v := s.must(op).Version; v.ETag != multipartETag("") || v.Size != 0 { // M-26
		t.Errorf("made %+v", v)
	}
	s.wantBody("b", "k", "", "")
}

// M-12, M-29: a repeat answers as the first did and never applies again.
func TestCompleteRepeated(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), enable("b"))
	up := s.upload("k")
	s.must(part("k", up, 1, "a"))
	op := complete("k", up, 1, "a")
	op.Condition.IfNoneMatch = "*"
	first := s.must(op).Version
	s.must(delVersion("b", "k", first.ID), put("b", "k", "newer"))
	before := s.contents()
	again := s.must(op).Version
	if again.ID != first.ID || again.ETag != first.ETag || !again.Modified.Equal(first.Modified) || again.Checksum != first.Checksum {
		t.Errorf("repeat answered %+v, first %+v", again, first)
	}
	if s.contents() != before {
		t.Error("the repeat changed the state")
	}
	s.view(func(tx *Tx) error {
		v, ok, err := tx.Completed("b", "k", up)
		if !ok || v.ID != first.ID {
			t.Errorf("remembered %+v, %v", v, ok)
		}
		return err
	})
	s.refuse(errcode.NoSuchUpload, complete("k", up, 1, "other"))
	s.refuse(errcode.NoSuchUpload, complete("l", up, 1, "a"))
	s.must(suspend("b"), DeleteObjects{Bucket: "b"})
}

func TestCompletedIsForgotten(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	var ops []CompleteUpload
	for i := range 6 {
		key := fmt.Sprint("k", i)
		up := s.upload(key)
		s.must(part(key, up, 1, "a"))
		ops = append(ops, complete(key, up, 1, "a"))
		if i == 5 {
			s.stamp += CompletedFor.Milliseconds()
		}
		s.must(ops[i])
	}
	s.wantRows("completed", 2) // four go at a time
	s.refuse(errcode.NoSuchUpload, ops[0])
	s.must(ops[5])
}

// However many are completed at once, what is remembered is bounded.
func TestCompletedIsBounded(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	s.db.m.st.completed = maxCompleted
	var first CompleteUpload
	for i := range 3 {
		up := s.upload("k")
		s.must(part("k", up, 1, "a"))
		op := complete("k", up, 1, "a")
		if i == 0 {
			first = op
		}
		s.must(op)
	}
	s.wantRows("completed", 1)
	s.refuse(errcode.NoSuchUpload, first)
}

func TestPartReplaced(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up := s.upload("k")
	s.must(blobPart("k", up, 1, "first"), blobPart("k", up, 1, "second"), part("k", up, 2, "x"), part("k", up, 2, "yy"))
	s.refuse(errcode.InvalidPart, complete("k", up, 1, "first"))
	if d := cmp.Diff([]string{"first"}, s.must(Reap{Max: 10}).Blobs); d != "" {
		t.Errorf("garbage (-want +got):\n%s", d)
	}
	s.view(func(tx *Tx) error {
		page, err := tx.Parts(PartsQuery{Bucket: "b", Key: "k", UploadID: up, Max: 10})
		if len(page.Parts) != 2 || page.Parts[0].ETag != etag("second") || page.Parts[1].Size != 2 || page.Truncated {
			t.Errorf("parts %+v", page)
		}
		if page.Upload.Attributes.StorageClass != "GLACIER" || page.Upload.Bucket != "b" {
			t.Errorf("upload %+v", page.Upload)
		}
		return err
	})
	s.must(complete("k", up, 1, "second", 2, "yy"))
	s.wantBody("b", "k", "", "<second 0+100>yy")
	s.wantRows("inline", 1)
}

func TestAbortUpload(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up, other := s.upload("k"), s.upload("k") // M-01
	s.must(blobPart("k", up, 1, "gone"), part("k", up, 2, "x"), blobPart("k", other, 1, "kept"))
	s.refuse(errcode.NoSuchUpload, AbortUpload{Bucket: "b", Key: "l", UploadID: up})
	s.refuse(errcode.NoSuchUpload, AbortUpload{UploadID: up + "0"})
	s.must(AbortUpload{Bucket: "b", Key: "k", UploadID: up})
	for _, op := range []Op{AbortUpload{Bucket: "b", Key: "k", UploadID: up}, part("k", up, 1, "x"), complete("k", up, 2, "x")} { // M-13, M-14
		s.refuse(errcode.NoSuchUpload, op)
	}
	if d := cmp.Diff([]string{"gone"}, s.must(Reap{Max: 10}).Blobs); d != "" {
		t.Errorf("garbage (-want +got):\n%s", d)
	}
	s.wantRows("part", 1)
	s.wantRows("inline", 0)
	s.must(complete("k", other, 1, "kept"))
}

func TestPartNumbers(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	up := s.upload("k")
	for _, n := range []int{-1, 0, 10001} { // M-02
		s.refuse(errcode.InvalidArgument, part("k", up, n, "x"))
	}
	s.must(part("k", up, 1, "a"), part("k", up, 10000, "z"))
	s.view(func(tx *Tx) error {
		page, err := tx.Parts(PartsQuery{Bucket: "b", Key: "k", UploadID: up, Max: 1})
		if len(page.Parts) != 1 || !page.Truncated || page.Next != 1 {
			t.Errorf("first page %+v", page)
		}
		none, err2 := tx.Parts(PartsQuery{Bucket: "b", Key: "k", UploadID: up, Max: 0})
		last, err3 := tx.Parts(PartsQuery{Bucket: "b", Key: "k", UploadID: up, After: 1, Max: 1})
		if len(none.Parts) != 0 || none.Truncated || len(last.Parts) != 1 || last.Parts[0].Number != 10000 || last.Truncated {
			t.Errorf("empty page %+v, last page %+v", none, last)
		}
		return errors.Join(err, err2, err3)
	})
	s.must(complete("k", up, 1, "a", 10000, "z"))
	s.wantBody("b", "k", "", "az")
}
