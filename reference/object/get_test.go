package object

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

func TestGetErrors(t *testing.T) {
	b := newBench(t, "memory")
	b.put("bucket", "k", pattern(10))
	get := func(in GetInput) error {
		if in.Bucket == "" {
			in.Bucket = "bucket"
		}
		_, _, err := b.tryGet(in)
		return err
	}
	wantCode(t, "missing key", get(GetInput{Key: "absent"}), errcode.NoSuchKey)
	wantCode(t, "missing bucket", get(GetInput{Bucket: "absent", Key: "k"}), errcode.NoSuchBucket)
	wantCode(t, "missing version", get(GetInput{Key: "k", VersionID: "0123456789abcdef0123456789abcdef"}), errcode.NoSuchVersion)
	wantCode(t, "another account", get(GetInput{Key: "k", Caller: Caller{Account: "mallory"}}), errcode.AccessDenied)
	wantCode(t, "another account, absent key", get(GetInput{Key: "absent", Caller: Caller{Account: "mallory"}}), errcode.AccessDenied)
	wantCode(t, "range and part", get(GetInput{Key: "k", Range: "bytes=0-1", PartNumber: 1}), errcode.InvalidRequest)
	wantCode(t, "range behind the end", get(GetInput{Key: "k", Range: "bytes=10-"}), errcode.InvalidRange)
	wantCode(t, "a failed condition wins over the range", get(GetInput{Key: "k", Range: "bytes=10-",
		Conditions: Conditions{IfMatch: `"x"`}}), errcode.PreconditionFailed)
	wantCode(t, "not modified wins over the range", get(GetInput{Key: "k", Range: "bytes=10-",
		Conditions: Conditions{IfNoneMatch: "*"}}), errcode.NotModified)
	wantCode(t, "part 2 of a plain object", get(GetInput{Key: "k", PartNumber: 2}), errcode.InvalidPartNumber)
}

func TestGetRanges(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range []int{1000, 2<<20 + 77} {
			data := pattern(size)
			put := b.put("bucket", "k", data)
			stamp := put.Version.Modified.Format(httpTime)
			for _, c := range []struct {
				in       GetInput
				from, to int
				partial  bool
			}{
				{GetInput{Range: "bytes=0-4"}, 0, 5, true},
				{GetInput{Range: "bytes=5-"}, 5, size, true},
				{GetInput{Range: "bytes=-3"}, size - 3, size, true},
				{GetInput{Range: "bytes=300-899"}, 300, 900, true},
				{GetInput{Range: "abc"}, 0, size, false},
				{GetInput{Range: "bytes=0-1,3-4"}, 0, size, false},
				{GetInput{PartNumber: 1}, 0, size, true},
				{GetInput{Range: "bytes=0-4", IfRange: `"` + put.Version.ETag + `"`}, 0, 5, true},
				{GetInput{Range: "bytes=0-4", IfRange: `W/"` + put.Version.ETag + `"`}, 0, size, false},
				{GetInput{Range: "bytes=0-4", IfRange: `"other"`}, 0, size, false},
				{GetInput{Range: "bytes=0-4", IfRange: stamp}, 0, 5, true},
				{GetInput{Range: "bytes=0-4", IfRange: "Thu, 01 Jan 2026 00:00:00 GMT"}, 0, size, false},
			} {
				c.in.Bucket, c.in.Key = "bucket", "k"
				got, r, err := b.tryGet(c.in)
				if err != nil {
					t.Errorf("%+v: %v", c.in, err)
					continue
				}
				if !bytes.Equal(got, data[c.from:c.to]) || r.Offset != int64(c.from) || r.Partial != c.partial {
					t.Errorf("%+v: got %d bytes at %d, partial %v; want %d at %d, %v",
						c.in, len(got), r.Offset, r.Partial, c.to-c.from, c.from, c.partial)
				}
				c.in.Caller = alice
				h, err := b.Head(t.Context(), c.in)
				if err != nil || h.Body != nil || h.Offset != r.Offset || h.Length != r.Length || h.Partial != r.Partial {
					t.Errorf("HEAD of %+v: %+v, %v; want what GET said", c.in, h, err)
				}
			}
		}
	})
}

// vanishing is a Store that does not find a blob the first times it is asked.
type vanishing struct {
	blob.Store
	misses int
}

func (v *vanishing) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if v.misses > 0 {
		v.misses--
		return nil, blob.ErrNotFound
	}
	return v.Store.Open(ctx, id, off, n)
}

// A blob that is gone before the first byte makes the read start again, as
// when the object was overwritten and reaped in between; a blob that stays
// away is the server's fault, not a missing key.
func TestGetReadsAgainWhenABlobIsGone(t *testing.T) {
	v := &vanishing{}
	b := newBench(t, "memory", func(c *Config) { v.Store = c.Blobs; c.Blobs = v })
	data := pattern(100 << 10)
	b.put("bucket", "k", data)
	v.misses = 1
	if got := b.get("bucket", "k", ""); !bytes.Equal(got, data) {
		t.Error("body changed")
	}
	v.misses = 100
	_, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k"})
	wantCode(t, "a blob that stays away", err, errcode.InternalError)
	if !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("the log is not told why: %v", err)
	}
}

func TestDeleteMarkerReads(t *testing.T) {
	b := newBench(t, "memory")
	b.versioning("bucket", meta.VersioningEnabled)
	b.put("bucket", "k", pattern(10))
	marker := b.delete("bucket", "k", "")
	if !marker.DeleteMarker || marker.VersionID == "" {
		t.Fatalf("delete: %+v, want a marker", marker)
	}
	header := func(err error, name string) string {
		var e *errcode.Error
		if errors.As(err, &e) {
			for _, h := range e.Header {
				if h.Name == name {
					return h.Value
				}
			}
		}
		return ""
	}
	for _, head := range []bool{false, true} {
		read := func(version string) error {
			in := GetInput{Caller: alice, Bucket: "bucket", Key: "k", VersionID: version}
			if head {
				_, err := b.Head(t.Context(), in)
				return err
			}
			_, err := b.Get(t.Context(), in)
			return err
		}
		err := read("")
		wantCode(t, "marker on top", err, errcode.NoSuchKey)
		if header(err, "x-amz-delete-marker") != "true" || header(err, "x-amz-version-id") != marker.VersionID {
			t.Errorf("marker on top: headers of %v", err)
		}
		err = read(marker.VersionID)
		wantCode(t, "marker by its id", err, errcode.MethodNotAllowed)
		if header(err, "Allow") != "DELETE" || header(err, "x-amz-delete-marker") != "true" {
			t.Errorf("marker by its id: headers of %v", err)
		}
		if _, perr := time.Parse(httpTime, header(err, "Last-Modified")); perr != nil {
			t.Errorf("marker by its id: %v", perr)
		}
	}
}
