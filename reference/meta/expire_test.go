package meta

import (
	"slices"
	"testing"
	"time"

	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
)

const dayMilli = 24 * 60 * 60 * 1000

// rules gives a bucket rules, each enabled and for all keys.
func (s *store) rules(bucket string, rules ...lifecycle.Rule) {
	s.t.Helper()
	c := lifecycle.Configuration{MinimumSize: lifecycle.All128K}
	for _, r := range rules {
		if r.Status = lifecycle.Enabled; r.Filter == nil {
			r.Filter = &lifecycle.Filter{}
		}
		c.Rules = append(c.Rules, r)
	}
	value, err := c.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(SetSetting{bucket, Lifecycle, value})
}

func (s *store) due(bucket string, at int64) (keys []string) {
	s.t.Helper()
	for after, more := "", true; more; {
		s.view(func(tx *Tx) error {
			page, err := tx.Due(bucket, after, time.UnixMilli(at), 2)
			keys, after, more = append(keys, page.Keys...), page.Next, page.Next != ""
			return err
		})
	}
	return keys
}

var oneDay = lifecycle.Rule{ID: "a", Expiration: &lifecycle.Expiration{Days: 1}, Noncurrent: &lifecycle.NoncurrentExpiration{Days: 1}}

// What was written between the look and the command is not what was seen to be
// due: it stays, and so does what got other tags, or rules.
func TestExpireDecidesAnew(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"))
	tagged := oneDay
	tagged.Filter = &lifecycle.Filter{Tags: []lifecycle.Tag{{Key: "a", Value: "1"}}}
	s.rules("b", tagged)
	for _, key := range []string{"again", "due", "gone", "tags"} {
		s.must(put("b", key, "old"), SetObjectTags{Bucket: "b", Key: key, Tags: []Tag{{"a", "1"}}})
	}
	s.stamp += 3 * dayMilli
	at := s.stamp
	if got := s.due("b", at); !slices.Equal(got, []string{"again", "due", "gone", "tags"}) {
		t.Fatalf("due: %v", got)
	}
	s.must(put("b", "again", "new"), DeleteObject{Bucket: "b", Item: DeleteItem{Key: "gone"}}, SetObjectTags{Bucket: "b", Key: "tags", Tags: []Tag{{"a", "2"}}})
	s.must(SetObjectTags{Bucket: "b", Key: "again", Tags: []Tag{{"a", "1"}}})
	s.must(Expire{Bucket: "b", At: at, Keys: []string{"again", "due", "gone", "tags", "absent"}})
	s.wantBody("b", "again", "", "new")
	s.wantBody("b", "tags", "", "old")
	s.wantBody("b", "due", "", "404")
	s.wantBody("b", "gone", "", "404")
	s.must(put("b", "late", "v"), SetObjectTags{Bucket: "b", Key: "late", Tags: []Tag{{"a", "1"}}}, SetSetting{"b", Lifecycle, nil})
	s.must(Expire{Bucket: "b", At: at + 9*dayMilli, Keys: []string{"late"}})
	s.wantBody("b", "late", "", "v")
	s.refuse(errcode.NoSuchBucket, Expire{Bucket: "absent", At: at, Keys: []string{"k"}})
}

// A versioned key goes behind a delete marker, then its versions, then the marker.
func TestExpireOfVersions(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), enable("b"))
	s.rules("b", oneDay)
	old := s.must(put("b", "k", "old")).Version.ID
	cur := s.must(put("b", "k", "cur")).Version.ID
	s.stamp += 3 * dayMilli
	s.must(Expire{Bucket: "b", At: s.stamp, Keys: []string{"k"}})
	s.wantBody("b", "k", "", "404")
	s.wantBody("b", "k", old, "404")
	s.wantBody("b", "k", cur, "cur") // it has become noncurrent just now
	s.stamp += 3 * dayMilli
	s.must(Expire{Bucket: "b", At: s.stamp, Keys: []string{"k"}})
	s.wantBody("b", "k", cur, "404")
	if got := s.due("b", s.stamp); !slices.Equal(got, []string{"k"}) {
		t.Errorf("the marker that is left is not due: %v", got)
	}
	s.must(Expire{Bucket: "b", At: s.stamp, Keys: []string{"k"}}, DeleteBucket{"b"})
}

// A transition changes the class and nothing else.
func TestTransition(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), enable("b"))
	all := int64(0)
	s.rules("b", lifecycle.Rule{ID: "a", Filter: &lifecycle.Filter{Greater: &all}, Transitions: []lifecycle.Transition{{Class: "GLACIER_IR"}},
		NoncurrentTransitions: []lifecycle.Transition{{Class: "ONEZONE_IA", Days: 30}}})
	old := s.must(put("b", "k", "old")).Version
	cur := s.must(put("b", "k", "cur")).Version
	s.stamp += 40 * dayMilli
	s.must(Expire{Bucket: "b", At: s.stamp, Keys: []string{"k"}})
	for want, v := range map[string]Version{"GLACIER_IR": cur, "ONEZONE_IA": old} {
		o, code := s.read("b", "k", v.ID)
		if code != "" || o.StorageClass != want || !o.Modified.Equal(v.Modified) || o.ETag != v.ETag || o.Metadata["a"] != v.Metadata["a"] {
			t.Errorf("got %s %+v, want class %s", code, o.Version, want)
		}
	}
	if got := s.due("b", s.stamp); got != nil {
		t.Errorf("due still: %v", got)
	}
}

// Uploads are aborted by the rules as they are now, and those of other buckets not.
func TestExpireOfUploads(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), mkBucket("c"))
	p := "k"
	s.rules("b", lifecycle.Rule{ID: "a", Filter: &lifecycle.Filter{Prefix: &p}, AbortDays: 1})
	create := func(bucket, key string) string {
		return s.must(CreateUpload{Bucket: bucket, Key: key, Owner: "bob"}).Upload.ID
	}
	ids := []string{create("b", "k"), create("b", "l"), create("c", "k"), "none"}
	s.must(Expire{Bucket: "b", At: s.stamp, Uploads: ids})
	s.stamp += 3 * dayMilli
	young := create("b", "k")
	s.must(Expire{Bucket: "b", At: s.stamp, Uploads: append(ids, young)})
	for i, want := range map[int]bool{0: false, 1: true, 2: true} {
		u, err := findUpload(s.db.m.c, ids[i])
		if err != nil || (u != nil) != want {
			t.Errorf("upload %d is there: %v, %v; want %v", i, u != nil, err, want)
		}
	}
	if u, err := findUpload(s.db.m.c, young); err != nil || u == nil {
		t.Errorf("an upload begun today is gone: %v", err)
	}
}
