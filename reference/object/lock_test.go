package object

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// locked is a bench whose bucket "b" has object lock and three versions.
func locked(t *testing.T) (b *bench, governed, held, free string) {
	b = newBench(t, "memory")
	if _, err := b.CreateBucket(t.Context(), CreateBucketInput{Caller: alice, Name: "b", ObjectLock: true}); err != nil {
		t.Fatal(err)
	}
	governed = b.put("b", "governed", []byte("g"), withLock(&Lock{Mode: meta.Governance, Until: start.Add(48 * time.Hour)})).Version.ID
	held = b.put("b", "held", []byte("h"), withLock(&Lock{Hold: meta.HoldOn})).Version.ID
	free = b.put("b", "free", []byte("f")).Version.ID
	return b, governed, held, free
}

func withLock(l *Lock) func(*PutInput) {
	return func(in *PutInput) { in.Attributes.Lock, in.Body.Checksum.Algorithm = l, "CRC32" }
}

// Making one's own bucket again does not lie about object lock.
func TestCreateBucketLockedAgain(t *testing.T) {
	b, _, _, _ := locked(t)
	for _, c := range []struct {
		name string
		lock bool
		want errcode.Code
	}{{"b", true, ""}, {"b", false, ""}, {"bucket", false, ""}, {"bucket", true, errcode.BucketAlreadyOwnedByYou}} {
		_, err := b.CreateBucket(t.Context(), CreateBucketInput{Caller: alice, Name: c.name, ObjectLock: c.lock})
		wantCode(t, fmt.Sprintf("%s again, lock %v", c.name, c.lock), err, c.want)
	}
}

func TestRetentionAndHold(t *testing.T) {
	b, governed, _, free := locked(t)
	ctx := t.Context()
	in := func(key, version string) LockInput {
		return LockInput{Caller: alice, Bucket: "b", Key: key, VersionID: version}
	}
	l, err := b.Retention(ctx, in("governed", governed))
	if want := (&Lock{Mode: meta.Governance, Until: start.Add(48 * time.Hour)}); err != nil || !cmp.Equal(want, l) {
		t.Errorf("got %+v, %v, want %+v", l, err, want)
	}
	if l, err := b.LegalHold(ctx, in("held", "")); err != nil || l.Hold != meta.HoldOn {
		t.Errorf("got %+v, %v", l, err)
	}
	for what, get := range map[string]func(LockInput) error{
		"retention": func(in LockInput) error { _, err := b.Retention(ctx, in); return err },
		"hold":      func(in LockInput) error { _, err := b.LegalHold(ctx, in); return err },
	} {
		marker := b.delete("b", "gone", "").VersionID
		unlocked := in("k", "")
		unlocked.Bucket = "bucket"
		wantCode(t, what+" never set", get(in("free", free)), errcode.NoSuchObjectLockConfiguration)
		wantCode(t, what+" of no key", get(in("absent", "")), errcode.NoSuchKey)
		wantCode(t, what+" of a marker", get(in("gone", marker)), errcode.MethodNotAllowed)
		wantCode(t, what+" without object lock", get(unlocked), errcode.InvalidRequest)
		other := in("governed", "")
		other.Caller = Caller{Account: "bob"}
		wantCode(t, what+" for bob", get(other), errcode.AccessDenied)
	}
	wantCode(t, "shorten", b.SetRetention(ctx, in("governed", governed), meta.Governance, start.Add(time.Hour)), errcode.AccessDenied)
	above := in("governed", governed)
	above.Bypass = true
	wantCode(t, "shorten by bypassing", b.SetRetention(ctx, above, meta.Governance, start.Add(time.Hour)), "")
	wantCode(t, "hold", b.SetLegalHold(ctx, in("free", free), meta.HoldOn), "")
	_, err = b.Delete(ctx, DeleteInput{Caller: alice, Bucket: "b", Key: "free", VersionID: free, Bypass: true})
	wantCode(t, "delete", err, errcode.AccessDenied)
}

// Who may delete may bypass governance only with that permission, and must ask.
func TestBypass(t *testing.T) {
	bobs := Caller{Account: "bob"}
	for _, c := range []struct {
		who     Caller
		asks    bool
		actions string
		want    errcode.Code
	}{
		{alice, false, "", errcode.AccessDenied},
		{alice, true, "", ""},
		{bobs, false, "DeleteObjectVersion BypassGovernanceRetention", errcode.AccessDenied},
		{bobs, true, "DeleteObjectVersion", errcode.AccessDenied},
		{bobs, true, "DeleteObjectVersion BypassGovernanceRetention", ""},
		{bobs, true, "BypassGovernanceRetention", errcode.AccessDenied},
	} {
		for _, many := range []bool{false, true} {
			b, governed, _, _ := locked(t)
			var statements []string
			for _, a := range []string{"DeleteObjectVersion", "BypassGovernanceRetention"} {
				if c.actions != "" && (a == c.actions || len(c.actions) > len("DeleteObjectVersion BypassG")) {
					statements = append(statements, statement("Allow", a, toBob))
				}
			}
			if len(statements) > 0 {
				b.say(statements...)
			}
			var err error
			if many {
				var out []DeleteOutcome
				out, err = b.DeleteMany(t.Context(), c.who, "b", []DeleteItem{{Key: "governed", VersionID: governed, Bypass: c.asks}})
				if err == nil && out[0].Err != nil {
					err = out[0].Err
				}
			} else {
				_, err = b.Delete(t.Context(), DeleteInput{Caller: c.who, Bucket: "b", Key: "governed", VersionID: governed, Bypass: c.asks})
			}
			wantCode(t, fmt.Sprintf("%s with %q, asks %v, many %v", c.who.Account, c.actions, c.asks, many), err, c.want)
		}
	}
}

// The lock of a version is shown to who may read it, and no other.
func TestLockSeen(t *testing.T) {
	b, _, _, _ := locked(t)
	want := &Lock{Mode: meta.Governance, Until: start.Add(48 * time.Hour), Hold: meta.HoldOff}
	b.put("b", "both", []byte("x"), withLock(want))
	b.say(statement("Allow", "GetObject", toBob), statement("Allow", "GetObjectLegalHold", toBob))
	seen := func(c Caller) *Lock {
		r, err := b.Head(t.Context(), GetInput{Caller: c, Bucket: "b", Key: "both"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Version.Lock
	}
	if d := cmp.Diff(want, seen(alice)); d != "" {
		t.Errorf("alice (-want +got):\n%s", d)
	}
	if d := cmp.Diff(&Lock{Hold: meta.HoldOff}, seen(Caller{Account: "bob"})); d != "" {
		t.Errorf("bob (-want +got):\n%s", d)
	}
}

// Policies can limit who locks, and for how long.
func TestLockLimits(t *testing.T) {
	b, _, _, free := locked(t)
	b.say(statement("Allow", "PutObject", toBob), statement("Deny", "PutObjectRetention", toAll,
		`"Condition":{"NumericGreaterThan":{"s3:object-lock-remaining-retention-days":"10"}}`))
	in := LockInput{Caller: alice, Bucket: "b", Key: "free", VersionID: free}
	const day = 24 * time.Hour
	wantCode(t, "11 days", b.SetRetention(t.Context(), in, meta.Governance, start.Add(10*day+time.Second)), errcode.AccessDenied)
	wantCode(t, "10 days", b.SetRetention(t.Context(), in, meta.Governance, start.Add(10*day)), "")
	put := func(c Caller, l *Lock) error {
		_, err := b.tryPut("b", "k", []byte("x"), withLock(l), func(in *PutInput) { in.Caller = c })
		return err
	}
	long, short := &Lock{Mode: meta.Compliance, Until: start.Add(11 * day)}, &Lock{Mode: meta.Compliance, Until: start.Add(day)}
	wantCode(t, "put for 11 days", put(alice, long), errcode.AccessDenied)
	wantCode(t, "put for a day", put(alice, short), "")
	wantCode(t, "put by bob", put(Caller{Account: "bob"}, nil), "")
	wantCode(t, "put locked by bob", put(Caller{Account: "bob"}, short), errcode.AccessDenied)
	wantCode(t, "put held by bob", put(Caller{Account: "bob"}, &Lock{Hold: meta.HoldOff}), errcode.AccessDenied)
}

// What is put under object lock comes with a digest; whether it is, the bucket's
// default retention says too.
func TestLockDigest(t *testing.T) {
	b, _, _, _ := locked(t)
	l := &Lock{Hold: meta.HoldOff}
	plain := func(in *PutInput) { in.Attributes.Lock = l }
	sum := func(in *PutInput) { in.Body.MD5 = make([]byte, 16) }
	_, err := b.tryPut("b", "k", []byte("x"), plain)
	wantCode(t, "no digest", err, errcode.InvalidRequest)
	_, err = b.tryPut("b", "k", []byte("x"), plain, sum)
	wantCode(t, "a wrong digest", err, errcode.BadDigest)
	b.put("b", "k", []byte("x"))
	if err := b.SetObjectLock(t.Context(), alice, "b", LockConfig{Mode: meta.Governance, Days: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = b.tryPut("b", "k", []byte("x"))
	wantCode(t, "no digest, default retention", err, errcode.InvalidRequest)
	b.put("b", "k", []byte("x"), func(in *PutInput) { in.Body.Checksum.Algorithm = "CRC32" })
	if got := b.head("b", "k", "").Version.Lock; !cmp.Equal(got, &Lock{Mode: meta.Governance, Until: start.AddDate(0, 0, 1)}) {
		t.Errorf("the lock is %+v", got)
	}
}

// A copy and an upload have the lock that they ask for, and a copy not its
// source's.
func TestLockOfCopyAndUpload(t *testing.T) {
	b, _, _, _ := locked(t)
	ctx := t.Context()
	own := &Lock{Mode: meta.Governance, Until: start.Add(time.Hour), Hold: meta.HoldOn}
	for _, l := range []*Lock{nil, own} {
		r, err := b.Copy(ctx, CopyInput{Caller: alice, Bucket: "b", Key: "copy", SourceBucket: "b", SourceKey: "governed", Attributes: Attributes{Lock: l}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(l, r.Version.Lock); d != "" {
			t.Errorf("copy (-want +got):\n%s", d)
		}
	}
	_, err := b.CreateUpload(ctx, CreateUploadInput{Caller: alice, Bucket: "bucket", Key: "k", Attributes: Attributes{Lock: own}})
	wantCode(t, "upload without object lock", err, errcode.InvalidRequest)
	_, err = b.Copy(ctx, CopyInput{Caller: alice, Bucket: "bucket", Key: "copy", SourceBucket: "b", SourceKey: "free", Attributes: Attributes{Lock: own}})
	wantCode(t, "copy without object lock", err, errcode.InvalidRequest)
	b.clock.advance(2 * time.Hour)
	_, err = b.CreateUpload(ctx, CreateUploadInput{Caller: alice, Bucket: "b", Key: "k", Attributes: Attributes{Lock: own}})
	wantCode(t, "upload with a date that is past", err, errcode.InvalidArgument)
}
