package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var alice = Caller{Account: "alice", Name: "Alice"}

// kib5 is the part minimum of the tests, in place of 5 MiB.
const kib5 = 5 << 10

// A bench is a Service over real stores with one bucket, and the calls that
// tests repeat. Methods fail the test on errors that the test did not ask for.
type bench struct {
	*Service
	t     *testing.T
	clock *handClock
	blobs blob.Store
	db    *meta.DB
}

func (b *bench) createBucket(name string) {
	b.t.Helper()
	if _, err := b.CreateBucket(b.t.Context(), CreateBucketInput{Caller: alice, Name: name}); err != nil {
		b.t.Fatalf("create bucket %s: %v", name, err)
	}
}

func (b *bench) versioning(bucket string, state meta.VersioningState) {
	b.t.Helper()
	if err := b.SetVersioning(b.t.Context(), alice, bucket, state); err != nil {
		b.t.Fatalf("set versioning: %v", err)
	}
}

func bodyOf(data []byte) Body { return Body{Reader: bytes.NewReader(data), Size: int64(len(data))} }

func (b *bench) put(bucket, key string, data []byte, change ...func(*PutInput)) PutResult {
	b.t.Helper()
	r, err := b.tryPut(bucket, key, data, change...)
	if err != nil {
		b.t.Fatalf("put %s: %v", key, err)
	}
	return r
}

func (b *bench) tryPut(bucket, key string, data []byte, change ...func(*PutInput)) (PutResult, error) {
	in := PutInput{Caller: alice, Bucket: bucket, Key: key, Body: bodyOf(data)}
	for _, f := range change {
		f(&in)
	}
	return b.Put(context.Background(), in)
}

// get reads an object whole; version "" is the current one.
func (b *bench) get(bucket, key, version string) []byte {
	b.t.Helper()
	data, _, err := b.tryGet(GetInput{Caller: alice, Bucket: bucket, Key: key, VersionID: version})
	if err != nil {
		b.t.Fatalf("get %s %s: %v", key, version, err)
	}
	return data
}

func (b *bench) tryGet(in GetInput) ([]byte, *GetResult, error) {
	if in.Caller == (Caller{}) {
		in.Caller = alice
	}
	r, err := b.Get(context.Background(), in)
	if err != nil {
		return nil, nil, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err == nil && int64(len(data)) != r.Length {
		err = fmt.Errorf("%d bytes, but Length is %d", len(data), r.Length)
	}
	return data, r, err
}

func (b *bench) head(bucket, key, version string) *GetResult {
	b.t.Helper()
	r, err := b.Head(b.t.Context(), GetInput{Caller: alice, Bucket: bucket, Key: key, VersionID: version, WithParts: true})
	if err != nil {
		b.t.Fatalf("head %s %s: %v", key, version, err)
	}
	return r
}

func (b *bench) delete(bucket, key, version string) DeleteResult {
	b.t.Helper()
	r, err := b.Delete(b.t.Context(), DeleteInput{Caller: alice, Bucket: bucket, Key: key, VersionID: version})
	if err != nil {
		b.t.Fatalf("delete %s %s: %v", key, version, err)
	}
	return r
}

// keys lists what is current in a bucket.
func (b *bench) keys(bucket string) string {
	b.t.Helper()
	r, err := b.List(b.t.Context(), alice, ListInput{Bucket: bucket, Max: 1000})
	if err != nil {
		b.t.Fatalf("list: %v", err)
	}
	var keys []string
	for _, o := range r.Objects {
		keys = append(keys, o.Key)
	}
	return strings.Join(keys, " ")
}

// versions counts the versions and markers of a bucket.
func (b *bench) versions(bucket string) int {
	b.t.Helper()
	r, err := b.ListVersions(b.t.Context(), alice, ListVersionsInput{Bucket: bucket, Max: 1000})
	if err != nil {
		b.t.Fatalf("list versions: %v", err)
	}
	return len(r.Versions)
}

// blobIDs lists the blobs that are kept.
func (b *bench) blobIDs() []blob.ID {
	b.t.Helper()
	var ids []blob.ID
	err := b.blobs.List(b.t.Context(), "", func(i blob.Info) error {
		ids = append(ids, i.ID)
		return nil
	})
	if err != nil {
		b.t.Fatalf("list blobs: %v", err)
	}
	return ids
}

func wantCode(t *testing.T, what string, err error, want errcode.Code) {
	t.Helper()
	if errcode.Of(err) != want {
		t.Errorf("%s: got error %v, want %q", what, err, want)
	}
}

func ifMatch(tag string) func(*PutInput) { return func(in *PutInput) { in.Condition.IfMatch = tag } }

func ifNoneMatch(in *PutInput) { in.Condition.IfNoneMatch = "*" }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
