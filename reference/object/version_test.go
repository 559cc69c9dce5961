package object

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

func TestVersioningStates(t *testing.T) {
	b := newBench(t, "memory")
	body := func(i int) []byte { return []byte(fmt.Sprint("body ", i)) }

	before := b.put("bucket", "k", body(0))
	if before.ShowVersion || before.Version.ID != meta.NullVersion {
		t.Errorf("unversioned: %+v", before)
	}
	b.versioning("bucket", meta.VersioningEnabled)
	one, two := b.put("bucket", "k", body(1)), b.put("bucket", "k", body(2))
	if !one.ShowVersion || one.Version.ID == two.Version.ID || len(one.Version.ID) < 16 {
		t.Errorf("enabled: ids %q and %q", one.Version.ID, two.Version.ID)
	}
	for version, want := range map[string][]byte{
		meta.NullVersion: body(0), one.Version.ID: body(1), two.Version.ID: body(2), "": body(2)} {
		if got := b.get("bucket", "k", version); !bytes.Equal(got, want) {
			t.Errorf("version %q: got %q, want %q", version, got, want)
		}
	}
	first, second := b.delete("bucket", "k", ""), b.delete("bucket", "k", "")
	if !first.DeleteMarker || !second.DeleteMarker || first.VersionID == second.VersionID {
		t.Errorf("deletes: %+v, %+v; want two markers", first, second)
	}
	if undo := b.delete("bucket", "k", second.VersionID); !undo.DeleteMarker || undo.VersionID != second.VersionID {
		t.Errorf("delete of a marker: %+v", undo)
	}
	b.delete("bucket", "k", first.VersionID)
	if got := b.get("bucket", "k", ""); !bytes.Equal(got, body(2)) {
		t.Errorf("undeleted: %q", got)
	}
	if gone := b.delete("bucket", "k", one.Version.ID); gone.DeleteMarker || gone.VersionID != one.Version.ID {
		t.Errorf("delete of a version: %+v", gone)
	}
	_, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k", VersionID: one.Version.ID})
	wantCode(t, "deleted version", err, errcode.NoSuchVersion)

	b.versioning("bucket", meta.VersioningSuspended)
	null := b.put("bucket", "k", body(3))
	if null.Version.ID != meta.NullVersion || !null.ShowVersion {
		t.Errorf("suspended: %+v", null)
	}
	if got := b.get("bucket", "k", meta.NullVersion); !bytes.Equal(got, body(3)) {
		t.Errorf("suspended: the null version is %q", got)
	}
	if got := b.get("bucket", "k", two.Version.ID); !bytes.Equal(got, body(2)) {
		t.Errorf("suspended: an older version is %q", got)
	}
	if m := b.delete("bucket", "k", ""); !m.DeleteMarker || m.VersionID != meta.NullVersion {
		t.Errorf("suspended delete: %+v, want a null marker", m)
	}
	if n := b.versions("bucket"); n != 2 {
		t.Errorf("%d versions, want the null marker and one older", n)
	}
}

func TestDeletes(t *testing.T) {
	b := newBench(t, "memory")
	tag := b.put("bucket", "k", pattern(10)).Version.ETag
	if r := b.delete("bucket", "absent", ""); r != (DeleteResult{}) {
		t.Errorf("delete of nothing: %+v", r)
	}
	try := func(key, cond string) error {
		_, err := b.Delete(t.Context(), DeleteInput{Caller: alice, Bucket: "bucket", Key: key, IfMatch: cond})
		return err
	}
	wantCode(t, "stale If-Match", try("k", `"stale"`), errcode.PreconditionFailed)
	wantCode(t, "several tags", try("k", `"a", "b"`), errcode.NotImplemented)
	wantCode(t, "If-Match", try("k", `"`+tag+`"`), "")
	b.put("bucket", "k", pattern(10))
	wantCode(t, "If-Match *", try("k", "*"), "")
	if keys := b.keys("bucket"); keys != "" {
		t.Errorf("keys %q are left", keys)
	}
	_, err := b.Delete(t.Context(), DeleteInput{Caller: alice, Bucket: "absent", Key: "k"})
	wantCode(t, "missing bucket", err, errcode.NoSuchBucket)
	_, err = b.Delete(t.Context(), DeleteInput{Caller: Caller{Account: "mallory"}, Bucket: "bucket", Key: "k"})
	wantCode(t, "another account", err, errcode.AccessDenied)
}

func TestDeleteMany(t *testing.T) {
	b := newBench(t, "memory")
	tags := map[string]string{}
	for _, k := range []string{"a", "b", "c", "d"} {
		tags[k] = b.put("bucket", k, []byte(k)).Version.ETag
	}
	items := []DeleteItem{{Key: "a"}, {Key: "b", IfMatch: `"stale"`}, {Key: "absent"}, {Key: "c", IfMatch: `"` + tags["c"] + `"`},
		{Key: "d", IfMatch: `"x", "y"`}, {Key: "a"}}
	got, err := b.DeleteMany(t.Context(), alice, "bucket", items)
	if err != nil {
		t.Fatal(err)
	}
	var codes []errcode.Code
	for i, o := range got {
		if o.Item != items[i] {
			t.Errorf("outcome %d is of %+v, want %+v", i, o.Item, items[i])
		}
		if o.Err == nil {
			codes = append(codes, "")
		} else {
			codes = append(codes, o.Err.Code)
		}
	}
	if diff := cmp.Diff([]errcode.Code{"", errcode.PreconditionFailed, "", "", errcode.NotImplemented, ""}, codes); diff != "" {
		t.Errorf("codes: -want +got\n%s", diff)
	}
	if keys := b.keys("bucket"); keys != "b d" {
		t.Errorf("keys %q are left, want b d", keys)
	}
	_, err = b.DeleteMany(t.Context(), alice, "absent", items)
	wantCode(t, "missing bucket", err, errcode.NoSuchBucket)
	if got, err := b.DeleteMany(t.Context(), alice, "bucket", items[4:5]); err != nil || got[0].Err == nil {
		t.Errorf("only a refused item: %+v, %v", got, err)
	}
}

func TestTags(t *testing.T) {
	b := newBench(t, "memory")
	b.put("bucket", "k", pattern(10))
	tags := []Tag{{Key: "z", Value: "1"}, {Key: "a", Value: "2"}}
	set := func(key, version string, tags []Tag) (string, error) {
		return b.SetTags(t.Context(), alice, "bucket", key, version, tags)
	}
	if id, err := set("k", "", tags); err != nil || id != "" {
		t.Errorf("set: %q, %v", id, err)
	}
	before := b.head("bucket", "k", "").Version
	if diff := cmp.Diff(tags, before.Tags); diff != "" {
		t.Errorf("tags: -want +got\n%s", diff)
	}
	b.versioning("bucket", meta.VersioningEnabled)
	v := b.put("bucket", "k", pattern(11)).Version.ID
	if id, err := set("k", "null", nil); err != nil || id != "null" {
		t.Errorf("remove from the null version: %q, %v", id, err)
	}
	if id, err := set("k", "", tags[:1]); err != nil || id != v {
		t.Errorf("set on the current version: %q, %v; want %q", id, err, v)
	}
	if got := b.head("bucket", "k", "null").Version.Tags; len(got) != 0 {
		t.Errorf("removed tags are %v", got)
	}
	_, err := set("absent", "", tags)
	wantCode(t, "missing key", err, errcode.NoSuchKey)
	marker := b.delete("bucket", "k", "")
	_, err = set("k", marker.VersionID, tags)
	wantCode(t, "marker", err, errcode.MethodNotAllowed)
}

func TestBuckets(t *testing.T) {
	b := newBench(t, "memory")
	create := func(c Caller, name, region string) error {
		_, err := b.CreateBucket(t.Context(), CreateBucketInput{Caller: c, Name: name, Region: region})
		return err
	}
	mallory := Caller{Account: "mallory"}
	wantCode(t, "own bucket again in us-east-1", create(alice, "bucket", ""), "")
	wantCode(t, "another's bucket", create(mallory, "bucket", ""), errcode.BucketAlreadyExists)
	wantCode(t, "elsewhere", create(alice, "west", "us-west-2"), "")
	wantCode(t, "own bucket again elsewhere", create(alice, "west", "us-west-2"), errcode.BucketAlreadyOwnedByYou)
	wantCode(t, "anonymous", create(Caller{}, "x-bucket", ""), errcode.AccessDenied)
	wantCode(t, "mallory's own", create(mallory, "mine", ""), "")

	if err := b.SetBucketTags(t.Context(), alice, "bucket", []Tag{{Key: "a", Value: "b"}}); err != nil {
		t.Fatal(err)
	}
	got, err := b.HeadBucket(t.Context(), alice, "bucket")
	if err != nil || len(got.Tags) != 1 || got.Region != "us-east-1" || got.Owner != "alice" {
		t.Errorf("head: %+v, %v", got, err)
	}
	_, err = b.HeadBucket(t.Context(), mallory, "bucket")
	wantCode(t, "another's head", err, errcode.AccessDenied)
	_, err = b.HeadBucket(t.Context(), alice, "absent")
	wantCode(t, "missing head", err, errcode.NoSuchBucket)

	page, err := b.ListBuckets(t.Context(), ListBucketsInput{Caller: alice, Max: 1})
	if err != nil || len(page.Buckets) != 1 || page.Buckets[0].Name != "bucket" || page.Next == "" {
		t.Errorf("first page: %+v, %v", page, err)
	}
	page, err = b.ListBuckets(t.Context(), ListBucketsInput{Caller: alice, Max: 1, After: page.Next})
	if err != nil || len(page.Buckets) != 1 || page.Buckets[0].Name != "west" || page.Next != "" {
		t.Errorf("second page: %+v, %v", page, err)
	}

	b.put("bucket", "k", nil)
	wantCode(t, "full bucket", b.DeleteBucket(t.Context(), alice, "bucket"), errcode.BucketNotEmpty)
	wantCode(t, "another's bucket", b.DeleteBucket(t.Context(), mallory, "west"), errcode.AccessDenied)
	b.delete("bucket", "k", "")
	wantCode(t, "empty bucket", b.DeleteBucket(t.Context(), alice, "bucket"), "")
	wantCode(t, "deleted bucket", b.DeleteBucket(t.Context(), alice, "bucket"), errcode.NoSuchBucket)
}
