package object

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/meta"
)

const aDay = 24 * time.Hour

// rules gives a bucket an enabled rule for the keys that begin with prefix.
func (b *bench) rules(bucket, prefix string, r lifecycle.Rule) {
	b.t.Helper()
	r.ID, r.Status, r.Filter = "r", lifecycle.Enabled, &lifecycle.Filter{Prefix: &prefix}
	c := &lifecycle.Configuration{Rules: []lifecycle.Rule{r}, MinimumSize: lifecycle.All128K}
	if err := errors.Join(c.Check(), b.SetLifecycle(b.t.Context(), alice, bucket, c)); err != nil {
		b.t.Fatal(err)
	}
}

var dayOld = lifecycle.Rule{Expiration: &lifecycle.Expiration{Days: 1}, AbortDays: 1}

// A bucket larger than a page, a bucket without rules, one that goes, and uploads.
func TestExpireAll(t *testing.T) {
	b := newBench(t, "memory")
	b.createBucket("plain")
	b.put("plain", "old", nil)
	var want []string
	for i := range lifeScan + 20 {
		b.put("bucket", fmt.Sprintf("old/%04d", i), nil)
	}
	for _, key := range []string{"a", "old", "z"} {
		b.put("bucket", key, nil)
		want = append(want, key)
	}
	for _, key := range []string{"old/up", "up"} {
		if _, err := b.CreateUpload(t.Context(), CreateUploadInput{Caller: alice, Bucket: "bucket", Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	b.rules("bucket", "old/", dayOld)
	b.clock.advance(3 * aDay)
	b.put("bucket", "old/new", nil)
	want = append(want, "old/new")
	if err := b.ExpireAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := b.List(t.Context(), alice, ListInput{Bucket: "bucket", Max: 1000})
	if err != nil || len(got.Objects) != len(want) {
		t.Errorf("%d objects are left, want %v; %v", len(got.Objects), want, err)
	}
	if keys := b.keys("plain"); !strings.Contains(keys, "old") {
		t.Errorf("a bucket without rules has %q", keys)
	}
	up, err := b.ListUploads(t.Context(), alice, ListUploadsInput{Bucket: "bucket", Max: 10})
	if err != nil || len(up.Uploads) != 1 || up.Uploads[0].Key != "up" {
		t.Errorf("uploads left: %+v, %v", up.Uploads, err)
	}
	wantCode(t, "a bucket that is gone", b.Expire(t.Context(), "absent", b.clock.Now()), errcode.NoSuchBucket)
}

// Maintain does it by itself, at its start and then once an hour.
func TestMaintainExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "memory")
		b.rules("bucket", "", dayOld)
		b.put("bucket", "first", nil)
		b.clock.advance(3 * aDay)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.Maintain(ctx) }()
		synctest.Wait()
		if keys := b.keys("bucket"); keys != "" {
			t.Errorf("at the start %q is left", keys)
		}
		b.put("bucket", "second", nil)
		b.clock.advance(3 * aDay)
		b.clock.ticks <- b.clock.Now()
		synctest.Wait()
		if keys := b.keys("bucket"); keys != "" {
			t.Errorf("days later %q is left", keys)
		}
		cancel()
		<-done
	})
}

// What a write and a read tell of an object is the same, and only what is current
// expires.
func TestExpiryIsTold(t *testing.T) {
	b := newBench(t, "memory")
	b.versioning("bucket", meta.VersioningEnabled)
	b.rules("bucket", "k", lifecycle.Rule{Expiration: &lifecycle.Expiration{Days: 2}})
	one := b.put("bucket", "k", nil)
	want := lifecycle.Due(b.clock.Now(), 2)
	if one.Expiry == nil || !one.Expiry.At.Equal(want) || one.Expiry.Rule != "r" {
		t.Errorf("put: got %+v, want %s", one.Expiry, want)
	}
	b.put("bucket", "k", nil)
	if e := b.head("bucket", "k", "").Expiry; e == nil || !e.At.Equal(want) {
		t.Errorf("head: got %+v, want %s", e, want)
	}
	if e := b.head("bucket", "k", one.Version.ID).Expiry; e != nil {
		t.Errorf("a noncurrent version: %+v", e)
	}
	if e := b.put("bucket", "other", nil).Expiry; e != nil {
		t.Errorf("another key: %+v", e)
	}
}
