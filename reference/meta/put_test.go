package meta

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bleepstore/reference/errcode"
)

func TestPutThenRead(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store{"memory": openMemory, "file": openFile} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.must(mkBucket("b"))
			op := put("b", "k", "hello")
			op.Attributes = Attributes{
				ContentType: "text/html", CacheControl: "no-cache", Metadata: map[string]string{"a": "ü"},
				StorageClass: "GLACIER", Tags: []Tag{{"x", "1"}, {"a", "2"}},
			}
			made := s.must(op).Version
			want := Version{
				Bucket: "b", Key: "k", ID: NullVersion, Latest: true, Modified: fromMilli(start + 2000), Size: 5,
				ETag: etag("hello"), Owner: "alice", Attributes: op.Attributes, Checksum: op.Checksum,
			}
			if d := cmp.Diff(want, made); d != "" {
				t.Errorf("result (-want +got):\n%s", d)
			}
			o, _ := s.read("b", "k", "")
			if d := cmp.Diff(want, o.Version); d != "" {
				t.Errorf("read (-want +got):\n%s", d)
			}
			if string(o.Inline) != "hello" || o.Extents != nil || o.Content != 0 {
				t.Errorf("body is %q %v of content %d", o.Inline, o.Extents, o.Content)
			}
			s.wantBody("b", "k", NullVersion, "hello")
			s.wantBody("b", "other", "", "404")
			if _, code := s.read("b", "k", wireID(1, "x")); code != errcode.NoSuchVersion {
				t.Errorf("a version that never was: %s", code)
			}
			if _, code := s.read("nob", "k", ""); code != errcode.NoSuchBucket {
				t.Errorf("no bucket: %s", code)
			}
		})
	}
}

// O-06: an overwrite leaves nothing of what was there.
func TestOverwriteReplacesAll(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	first := put("b", "k", "old")
	first.Attributes = Attributes{ContentType: "a/b", Metadata: map[string]string{"m": "1"}, Tags: []Tag{{"t", "1"}}}
	second := put("b", "k", "new body")
	second.Attributes = Attributes{}
	s.must(first, second)
	o, _ := s.read("b", "k", "")
	if d := cmp.Diff(Attributes{}, o.Attributes, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("attributes (-want +got):\n%s", d)
	}
	s.wantBody("b", "k", "", "new body")
	s.must(put("b", "k", ""))
	s.wantBody("b", "k", "", "")
	s.wantRows("inline", 0)
	s.wantRows("live", 1)
	s.wantRows("version", 0)
}

func (s *store) wantRows(table string, want int64) {
	s.t.Helper()
	r, err := s.db.m.c.first("SELECT COUNT(*) FROM " + table)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := num(r[0]); got != want {
		s.t.Errorf("%d rows in %s, want %d", got, table, want)
	}
}

func TestWriteConditions(t *testing.T) {
	type cond = WriteCondition
	tests := []struct {
		name  string
		setup []Op
		cond  WriteCondition
		want  errcode.Code
	}{
		{"W-01 absent", nil, cond{IfNoneMatch: "*"}, ""},
		{"W-01 present", []Op{put("b", "k", "1")}, cond{IfNoneMatch: "*"}, errcode.PreconditionFailed},
		{"W-02 its etag", []Op{put("b", "k", "1")}, cond{IfNoneMatch: etag("1")}, errcode.PreconditionFailed},
		{"W-03 current", []Op{put("b", "k", "1")}, cond{IfMatch: etag("1")}, ""},
		{"W-03 stale", []Op{put("b", "k", "1"), put("b", "k", "2")}, cond{IfMatch: etag("1")}, errcode.PreconditionFailed},
		{"W-04 absent", nil, cond{IfMatch: etag("1")}, errcode.NoSuchKey},
		{"W-05 any", []Op{put("b", "k", "1")}, cond{IfMatch: "*"}, ""},
		{"W-05 absent", nil, cond{IfMatch: "*"}, errcode.NoSuchKey},
		{"W-06 both, present", []Op{put("b", "k", "1")}, cond{IfMatch: etag("1"), IfNoneMatch: "*"}, errcode.PreconditionFailed},
		{"W-06 both, absent", nil, cond{IfMatch: etag("1"), IfNoneMatch: "*"}, errcode.NoSuchKey},
		{"W-07 marker, none", []Op{enable("b"), put("b", "k", "1"), del("b", "k")}, cond{IfNoneMatch: "*"}, ""},
		{"W-07 marker, match", []Op{enable("b"), put("b", "k", "1"), del("b", "k")}, cond{IfMatch: etag("1")}, errcode.NoSuchKey},
		{"W-08 noncurrent", []Op{enable("b"), put("b", "k", "1"), put("b", "k", "2")}, cond{IfMatch: etag("1")}, errcode.PreconditionFailed},
		{"W-08 current", []Op{enable("b"), put("b", "k", "1"), put("b", "k", "2")}, cond{IfMatch: etag("2")}, ""},
	}
	for _, tt := range tests {
		write := func(s *store) []Op {
			p := put("b", "k", "new")
			p.Condition = tt.cond
			c := CopyObject{Write: p.Write, Body: p.Body}
			up := s.must(CreateUpload{Bucket: "b", Key: "k", Owner: "alice"}).Upload.ID
			s.must(RegisterPart{Bucket: "b", Key: "k", UploadID: up, Number: 1, Size: 3, ETag: etag("new"), Body: []byte("new")})
			return []Op{p, c, CompleteUpload{Bucket: "b", Key: "k", UploadID: up, Parts: []PartRef{{Number: 1, ETag: etag("new")}}, Condition: tt.cond}}
		}
		for i, kind := range []string{"put", "copy", "complete"} { // W-09..W-13
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				s := openMemory(t)
				s.must(mkBucket("b"))
				s.must(tt.setup...)
				op := write(s)[i]
				if tt.want != "" {
					s.refuse(tt.want, op)
					return
				}
				s.must(op)
				s.wantBody("b", "k", "", "new")
			})
		}
	}
}

func TestPutRefusesWhatContradictsItself(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	short := put("b", "k", "hello")
	short.Size = 4
	long := put("b", "k", string(make([]byte, MaxInline+1)))
	both := putBlob("b", "k", "x")
	both.Body = []byte("y")
	empty := putBlob("b", "k", "")
	for _, op := range []Op{short, long, both, empty} {
		s.refuse(errcode.InternalError, op)
	}
	s.refuse(errcode.NoSuchBucket, put("nob", "k", "x"))
}

func TestCounters(t *testing.T) {
	s := openMemory(t)
	check := func(objects, bytes int64) {
		t.Helper()
		s.view(func(tx *Tx) error {
			st, err := tx.Stats()
			if st.Objects != objects || st.Bytes != bytes {
				t.Errorf("%d objects of %d bytes, want %d of %d", st.Objects, st.Bytes, objects, bytes)
			}
			return err
		})
	}
	s.must(mkBucket("b"), put("b", "k", "12345"), put("b", "l", "1"))
	check(2, 6)
	s.must(put("b", "k", "12"))
	check(2, 3)
	s.must(enable("b"))
	id := s.must(put("b", "k", "1234")).Version.ID
	check(2, 5)
	s.must(del("b", "k"))
	check(1, 1)
	s.must(put("b", "k", "9"), delVersion("b", "k", NullVersion))
	check(2, 2)
	s.must(delVersion("b", "k", id), suspend("b"), del("b", "k"))
	check(1, 1)
}
