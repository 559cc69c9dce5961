package meta

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

// in is a time so many seconds behind the next command.
func (s *store) in(seconds int) time.Time {
	return fromMilli(s.stamp + 1000).Add(time.Duration(seconds) * time.Second)
}

// later lets the log's time pass.
func (s *store) later(d time.Duration) { s.stamp += d.Milliseconds() }

// putLocked is a put with a lock.
func putLocked(key string, l *Lock) PutObject {
	op := put("b", key, "body of "+key)
	op.Attributes.Lock = l
	return op
}

func lockedBucket(name string) CreateBucket {
	op := mkBucket(name)
	op.ObjectLock = true
	return op
}

// lockOf reads the lock of a version.
func (s *store) lockOf(key, version string) *Lock {
	s.t.Helper()
	o, code := s.read("b", key, version)
	if code != "" {
		s.t.Fatalf("read %s: %s", key, code)
	}
	return o.Lock
}

func (s *store) wantLock(key, version string, want *Lock) {
	s.t.Helper()
	if d := cmp.Diff(want, s.lockOf(key, version)); d != "" {
		s.t.Errorf("lock of %s (-want +got):\n%s", key, d)
	}
}

// wantKept deletes a version, which its lock forbids.
func (s *store) wantKept(key, version string, bypass bool) {
	s.t.Helper()
	op := delVersion("b", key, version)
	op.Item.Bypass = bypass
	if d := s.refuse(errcode.AccessDenied, op).Deleted[0]; d.VersionID != version || d.DeleteMarker {
		s.t.Errorf("the outcome is %+v", d)
	}
}

func TestLockForbids(t *testing.T) {
	now := fromMilli(start)
	after, before := now.Add(time.Millisecond), now
	for _, c := range []struct {
		lock         *Lock
		plain, above bool // forbidden, and to who bypasses
	}{
		{nil, false, false},
		{&Lock{Hold: HoldOff}, false, false},
		{&Lock{Hold: HoldOn}, true, true},
		{&Lock{Mode: Governance, Until: after}, true, false},
		{&Lock{Mode: Compliance, Until: after}, true, true},
		{&Lock{Mode: Governance, Until: before}, false, false},
		{&Lock{Mode: Compliance, Until: before}, false, false},
		{&Lock{Mode: Compliance, Until: before, Hold: HoldOn}, true, true},
	} {
		if got := [2]bool{c.lock.Forbids(now, false), c.lock.Forbids(now, true)}; got != [2]bool{c.plain, c.above} {
			t.Errorf("%+v: forbids %v, want %v %v", c.lock, got, c.plain, c.above)
		}
	}
}

// Object lock is on from the start or later, never off again, and keeps
// versioning enabled.
func TestLockOfBucket(t *testing.T) {
	s := openFile(t)
	plain := json.RawMessage(`{}`)
	s.must(lockedBucket("b"), mkBucket("c"))
	b, err := s.db.Bucket(t.Context(), "b")
	if err != nil || b.Versioning != VersioningEnabled || b.ObjectLock() == nil {
		t.Fatalf("the new bucket is %+v, %v", b, err)
	}
	s.refuse(errcode.InvalidBucketState, suspend("b"))
	s.refuse(errcode.InvalidBucketState, SetSetting{"b", ObjectLock, nil})
	s.refuse(errcode.InvalidBucketState, SetSetting{"c", ObjectLock, plain})
	s.must(enable("c"), suspend("c"))
	s.refuse(errcode.InvalidBucketState, SetSetting{"c", ObjectLock, plain})
	s.must(enable("c"))
	for _, bad := range []string{`[]`, `{"Mode":"X","Days":1}`, `{"Mode":"GOVERNANCE"}`, `{"Days":1}`, `{"Mode":"GOVERNANCE","Days":1,"Years":1}`,
		`{"Mode":"GOVERNANCE","Days":-1}`, `{"Mode":"COMPLIANCE","Days":36501}`, `{"Mode":"COMPLIANCE","Years":101}`} {
		s.refuse(errcode.MalformedXML, SetSetting{"c", ObjectLock, json.RawMessage(bad)})
	}
	s.must(SetSetting{"c", ObjectLock, plain})
	s.refuse(errcode.InvalidBucketState, suspend("c"))
}

// A version has the retention that it is put with, else the bucket's default,
// counted from the log's time.
func TestDefaultRetention(t *testing.T) {
	s := openFile(t)
	s.must(lockedBucket("b"), put("b", "before", "x"))
	for _, c := range []struct {
		config      string
		years, days int
	}{{`{"Mode":"GOVERNANCE","Days":3}`, 0, 3}, {`{"Mode":"GOVERNANCE","Years":2}`, 2, 0}} {
		s.must(SetSetting{"b", ObjectLock, json.RawMessage(c.config)})
		until := s.in(0).AddDate(c.years, 0, c.days)
		s.must(put("b", "k", "x"))
		s.wantLock("k", "", &Lock{Mode: Governance, Until: until})
		until = s.in(0).AddDate(c.years, 0, c.days)
		s.must(putLocked("held", &Lock{Hold: HoldOn}))
		s.wantLock("held", "", &Lock{Mode: Governance, Until: until, Hold: HoldOn})
		own := &Lock{Mode: Compliance, Until: s.in(60)}
		s.must(putLocked("own", own))
		s.wantLock("own", "", own)
	}
	s.wantLock("before", "", nil)
	if got := s.must(del("b", "k")).Deleted[0]; !got.DeleteMarker {
		t.Errorf("a delete of the key made %+v", got)
	} else {
		s.must(delVersion("b", "k", got.VersionID)) // a marker has no retention
	}
}

func TestLockKeepsVersions(t *testing.T) {
	s := openFile(t)
	s.must(lockedBucket("b"))
	g := s.must(putLocked("g", &Lock{Mode: Governance, Until: s.in(3600)})).Version.ID
	c := s.must(putLocked("c", &Lock{Mode: Compliance, Until: s.in(3600)})).Version.ID
	h := s.must(putLocked("h", &Lock{Hold: HoldOn})).Version.ID
	s.must(put("b", "g", "newer"), del("b", "c")) // hidden, not gone
	s.wantKept("g", g, false)
	s.wantKept("c", c, false)
	s.wantKept("c", c, true)
	s.wantKept("h", h, true)
	free := s.must(put("b", "free", "x")).Version.ID
	r := s.must(DeleteObjects{Bucket: "b", Owner: "alice", Items: []DeleteItem{{Key: "c", VersionID: c}, {Key: "free", VersionID: free}, {Key: "g", VersionID: g, Bypass: true}}})
	if got := []bool{r.Deleted[0].Err != nil, r.Deleted[1].Err != nil, r.Deleted[2].Err != nil}; !cmp.Equal(got, []bool{true, false, false}) {
		t.Errorf("refused: %v", got)
	}
	s.refuse(errcode.BucketNotEmpty, DeleteBucket{Name: "b"})
	s.must(SetLegalHold{"b", "h", h, HoldOff}, delVersion("b", "h", h))
	s.later(time.Hour)
	s.must(delVersion("b", "c", c))
}

func TestSetRetention(t *testing.T) {
	s := openFile(t)
	s.must(lockedBucket("b"), put("b", "k", "x"), put("b", "c", "x"))
	set := func(key string, mode LockMode, seconds int, bypass bool) SetRetention {
		return SetRetention{Bucket: "b", Key: key, Mode: mode, Until: s.in(seconds), Bypass: bypass}
	}
	none := SetRetention{Bucket: "b", Key: "k"}
	s.refuse(errcode.InvalidArgument, set("k", Governance, 0, false))
	s.refuse(errcode.InvalidArgument, SetRetention{Bucket: "b", Key: "k", Mode: Governance})
	s.refuse(errcode.InvalidArgument, SetRetention{Bucket: "b", Key: "k", Until: s.in(60)})
	s.must(none, set("k", Governance, 3600, false), set("k", Governance, 7200, false))
	s.refuse(errcode.AccessDenied, set("k", Governance, 3600, false))
	s.refuse(errcode.AccessDenied, set("k", Compliance, 9000, false))
	s.refuse(errcode.AccessDenied, none)
	s.must(SetLegalHold{"b", "k", "", HoldOn}, set("k", Governance, 600, true))
	if l := s.lockOf("k", ""); l.Hold != HoldOn || l.Mode != Governance {
		t.Errorf("the lock is %+v", l)
	}
	none.Bypass = true
	s.must(none)
	s.wantLock("k", "", &Lock{Hold: HoldOn})

	s.must(set("c", Compliance, 3600, false), set("c", Compliance, 7200, false))
	for _, bypass := range []bool{false, true} {
		s.refuse(errcode.AccessDenied, set("c", Compliance, 3600, bypass))
		s.refuse(errcode.AccessDenied, set("c", Governance, 9000, bypass))
		s.refuse(errcode.AccessDenied, SetRetention{Bucket: "b", Key: "c", Bypass: bypass})
	}
	s.later(3 * time.Hour)
	s.must(set("c", Governance, 10, false)) // the old one is over
}

// What has no object lock, or is no version, cannot be locked.
func TestLockRefused(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"), enable("b"), put("b", "k", "x"))
	lock := &Lock{Mode: Governance, Until: s.in(1 << 20)}
	retention := SetRetention{Bucket: "b", Key: "k", Mode: lock.Mode, Until: lock.Until}
	hold := SetLegalHold{Bucket: "b", Key: "k", Hold: HoldOff}
	copied := CopyObject{Write: putLocked("k", lock).Write, Body: []byte("body of k")}
	upload := CreateUpload{Bucket: "b", Key: "k", Owner: "alice", Attributes: Attributes{Lock: lock}}
	for _, op := range []Op{putLocked("k", lock), putLocked("n", &Lock{Hold: HoldOff}), copied, upload, retention, hold} {
		s.refuse(errcode.InvalidRequest, op)
	}
	s.must(SetSetting{"b", ObjectLock, json.RawMessage(`{}`)}, copied)
	for _, bad := range []*Lock{{Mode: Governance}, {Until: s.in(9)}, {Mode: "X", Until: s.in(9)}, {Hold: "on"}, {Mode: Compliance, Until: s.in(0)}} {
		s.refuse(errcode.InvalidArgument, putLocked("k", bad))
	}
	bad := hold
	bad.Hold = "on"
	s.refuse(errcode.MalformedXML, bad)
	marker := s.must(del("b", "k")).Deleted[0].VersionID
	retention.VersionID, hold.VersionID = marker, marker
	s.refuse(errcode.MethodNotAllowed, retention) // OL-20
	s.refuse(errcode.MethodNotAllowed, hold)
	retention.VersionID, retention.Key = "", "absent"
	s.refuse(errcode.NoSuchKey, retention)
}

// An object of parts has the lock of its upload, also one that is over by then,
// else the default retention as of its completion.
func TestLockOfUpload(t *testing.T) {
	s := openFile(t)
	s.must(lockedBucket("b"), SetSetting{"b", ObjectLock, json.RawMessage(`{"Mode":"GOVERNANCE","Days":1}`)})
	made := func(a Attributes, pass time.Duration) string {
		up := s.must(CreateUpload{Bucket: "b", Key: "k", Owner: "alice", Attributes: a}).Upload.ID
		s.must(RegisterPart{Bucket: "b", Key: "k", UploadID: up, Number: 1, Size: 1, ETag: etag("p"), Body: []byte("p")})
		s.later(pass)
		return s.must(CompleteUpload{Bucket: "b", Key: "k", UploadID: up, Parts: []PartRef{{1, etag("p"), ""}}}).Version.ID
	}
	own := &Lock{Mode: Compliance, Until: s.in(60), Hold: HoldOff}
	s.wantLock("k", made(Attributes{Lock: own}, time.Hour), own)
	id := made(Attributes{}, time.Hour)
	s.wantLock("k", id, &Lock{Mode: Governance, Until: fromMilli(s.stamp).AddDate(0, 0, 1)})
}
