package meta

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

func TestBucketRules(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	if r := s.refuse(errcode.BucketAlreadyOwnedByYou, mkBucket("b")); r.Bucket.Name != "b" { // B-02
		t.Errorf("the existing bucket is not in the result: %+v", r.Bucket)
	}
	other := mkBucket("b")
	other.Owner = "bob"
	if r := s.refuse(errcode.BucketAlreadyExists, other); r.Bucket.Owner != "" { // B-03
		t.Errorf("a stranger learns of %+v", r.Bucket)
	}
	s.refuse(errcode.NoSuchBucket, DeleteBucket{Name: "nob"}) // B-11
	s.must(put("b", "k", "x"))
	s.refuse(errcode.BucketNotEmpty, DeleteBucket{Name: "b"}) // B-12
	s.must(enable("b"))
	id := s.must(put("b", "k", "y")).Version.ID
	marker := s.must(del("b", "k")).Deleted[0].VersionID
	s.must(delVersion("b", "k", NullVersion), delVersion("b", "k", id))
	s.refuse(errcode.BucketNotEmpty, DeleteBucket{Name: "b"}) // only a marker is left
	s.must(delVersion("b", "k", marker), DeleteBucket{Name: "b"})
	s.refuse(errcode.NoSuchBucket, DeleteBucket{Name: "b"})
	s.refuse(errcode.NoSuchBucket, put("b", "k", "x"))
}

// A bucket made again under the same name has nothing of the old one.
func TestBucketRecreated(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), enable("b"), SetBucketTags{Bucket: "b", Tags: []Tag{{"a", "1"}}})
	up := s.must(CreateUpload{Bucket: "b", Key: "k", Owner: "alice"}).Upload.ID
	s.must(RegisterPart{Bucket: "b", Key: "k", UploadID: up, Number: 1, Size: 100, ETag: etag("p"), Extents: []Extent{{"blob", 0, 100}}, Epoch: 1})
	s.must(DeleteBucket{Name: "b"}, mkBucket("b"))
	s.view(func(tx *Tx) error {
		b, err := tx.Bucket("b")
		if b.Versioning != "" || b.Tags != nil {
			t.Errorf("the new bucket is %+v", b)
		}
		page, err2 := tx.Uploads(UploadsQuery{Bucket: "b", Max: 10})
		if len(page.Uploads) != 0 {
			t.Errorf("the new bucket has uploads %v", page.Uploads)
		}
		stale, err3 := tx.StaleUploads(0, 10)
		if d := cmp.Diff([]string{up}, stale); d != "" {
			t.Errorf("stale uploads (-want +got):\n%s", d)
		}
		return errors.Join(err, err2, err3)
	})
	s.refuse(errcode.NoSuchUpload, AbortUpload{Bucket: "b", Key: "k", UploadID: up})
	s.must(AbortUpload{UploadID: up})
	if d := cmp.Diff([]string{"blob"}, s.must(Reap{Max: 10}).Blobs); d != "" {
		t.Errorf("blobs (-want +got):\n%s", d)
	}
}

func TestVersioningStates(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	s.refuse(errcode.IllegalVersioningConfiguration, SetVersioning{Bucket: "b", State: ""})
	if r := s.must(suspend("b"), enable("b")); r.Bucket.Versioning != VersioningEnabled {
		t.Errorf("state is %q", r.Bucket.Versioning)
	}
	s.refuse(errcode.IllegalVersioningConfiguration, SetVersioning{Bucket: "b", State: ""}) // V-19
}

// T-08: an empty tag set is a set, and no set is none.
func TestBucketTags(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	for _, tags := range [][]Tag{{{"b", "1"}, {"a", "2"}}, {}, nil} {
		s.must(SetBucketTags{Bucket: "b", Tags: tags})
		s.view(func(tx *Tx) error {
			b, err := tx.Bucket("b")
			if d := cmp.Diff(tags, b.Tags); d != "" {
				t.Errorf("tags (-want +got):\n%s", d)
			}
			return err
		})
	}
}

func TestSkipsWhatIsApplied(t *testing.T) {
	s := openMemory(t)
	entries := []Entry{s.entry(mkBucket("b")), s.entry(put("b", "k", "1")), s.entry(put("b", "k", "2"))}
	if _, err := s.db.Apply(entries[:2]); err != nil {
		t.Fatal(err)
	}
	r, err := s.db.Apply(entries)
	if err != nil {
		t.Fatal(err)
	}
	if r[0].Index != 0 || r[1].Index != 0 || r[2].Index != 3 || s.db.Applied() != 3 {
		t.Errorf("results at %d, %d, %d; applied %d", r[0].Index, r[1].Index, r[2].Index, s.db.Applied())
	}
	s.wantBody("b", "k", "", "2")
}

// Entries that carry no command of ours move the applied index alone.
func TestEmptyEntryMovesIndex(t *testing.T) {
	s := openMemory(t)
	before := s.contents()
	if _, err := s.db.Apply([]Entry{{Index: 7, Term: 2}}); err != nil {
		t.Fatal(err)
	}
	if s.db.Applied() != 7 || s.contents() != before {
		t.Errorf("applied %d, state changed: %v", s.db.Applied(), s.contents() != before)
	}
}

func TestTerms(t *testing.T) {
	s := openMemory(t)
	e := s.entry(mkBucket("b"))
	e.Term, e.Command.Term = 3, 2
	r, err := s.db.Apply([]Entry{e})
	if err != nil || !r[0].WrongTerm || r[0].Err != nil {
		t.Fatalf("a command of another term: %+v, %v", r, err)
	}
	e = s.entry(TermStart{Node: "n1"})
	e.Term, e.Command.Term = 3, 3
	if _, err := s.db.Apply([]Entry{e}); err != nil {
		t.Fatal(err)
	}
	s.view(func(tx *Tx) error {
		st, err := tx.Stats()
		if st.Term != 3 || st.Buckets != 0 {
			t.Errorf("term %d, %d buckets; want 3, 0", st.Term, st.Buckets)
		}
		return err
	})
}

// Time never goes back, whatever the proposers' clocks do.
func TestStampsAreMonotonic(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), put("b", "k", "1"))
	s.stamp -= 3_600_000
	v := s.must(put("b", "k", "2")).Version
	if want := fromMilli(start + 2000); !v.Modified.Equal(want) {
		t.Errorf("modified %v, want %v", v.Modified, want)
	}
}

func TestUnknownCommandIsFatal(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	for _, op := range []Op{SetVersion{Version: StateVersion + 1}, put("b", "k", "x")} {
		_, err := s.db.Apply([]Entry{s.entry(op)})
		var fatal *FatalError
		if !errors.As(err, &fatal) || !errors.Is(err, ErrUnknownCommand) {
			t.Errorf("apply %T: %v, want a FatalError for ever", op, err)
		}
	}
	select {
	case <-s.db.Broken():
	default:
		t.Error("not broken")
	}
}

func TestReopenKeepsState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	o := Options{Path: path, Sync: SyncFull, QuickCheck: true}
	var hash string
	t.Run("write", func(t *testing.T) {
		s := openStore(t, o)
		s.must(mkBucket("b"), enable("b"), put("b", "k", "1"), put("b", "k", "2"))
		hash = s.contents()
	})
	s := openStore(t, o)
	if s.db.Applied() != 4 || s.contents() != hash {
		t.Errorf("applied %d, same state: %v", s.db.Applied(), s.contents() == hash)
	}
	s.stamp = 0
	if v := s.must(put("b", "k", "3")).Version; v.Modified.Before(fromMilli(start)) {
		t.Errorf("time went back to %v", v.Modified)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	script := func(name, sql string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		c, err := openConn(dsn(path, ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.script(sql), c.close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	later := script("later", "CREATE TABLE t(x); PRAGMA application_id = 1112298320; PRAGMA user_version = 1000")
	tests := map[string]Options{
		"another program's file": {Path: script("foreign", "CREATE TABLE t(x)"), Sync: SyncFull},
		"a later schema":         {Path: later, Sync: SyncFull},
		"no sync mode":           {Path: filepath.Join(dir, "new")},
		"a made-up sync mode":    {Path: filepath.Join(dir, "new2"), Sync: "SOMETIMES"},
		"a missing directory":    {Path: filepath.Join(dir, "no", "meta.db"), Sync: SyncFull},
		"an unknown vfs":         {Path: filepath.Join(dir, "new3"), Sync: SyncFull, VFS: "nosuchvfs"},
	}
	for name, o := range tests {
		if db, err := Open(context.Background(), o); err == nil {
			t.Errorf("%s: opened", name)
			_ = db.Close()
		}
	}
}
