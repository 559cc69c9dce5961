package object

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

func (b *bench) tryCopy(src, dst string, change ...func(*CopyInput)) (CopyResult, error) {
	in := CopyInput{Caller: alice, Bucket: "bucket", Key: dst, SourceBucket: "bucket", SourceKey: src}
	for _, f := range change {
		f(&in)
	}
	return b.Copy(b.t.Context(), in)
}

func (b *bench) copy(src, dst string, change ...func(*CopyInput)) CopyResult {
	b.t.Helper()
	r, err := b.tryCopy(src, dst, change...)
	if err != nil {
		b.t.Fatalf("copy %s to %s: %v", src, dst, err)
	}
	return r
}

func TestCopySharesBytes(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range sizes {
			data := pattern(size)
			src, dst := fmt.Sprint("src", size), fmt.Sprint("dst", size)
			b.put("bucket", src, data, func(in *PutInput) {
				in.Body.Checksum = Checksum{Algorithm: "SHA1"}
				in.Attributes = Attributes{ContentType: "a/b", StorageClass: "STANDARD_IA", Redirect: "/x",
					Metadata: map[string]string{"m": "1"}, Tags: []Tag{{Key: "t", Value: "v"}}}
			})
			blobs := len(b.blobIDs())
			r := b.copy(src, dst)
			if got := len(b.blobIDs()); got != blobs {
				t.Errorf("%d bytes: the copy made %d blobs", size, got-blobs)
			}
			want := Version{Bucket: "bucket", Key: dst, ID: "null", Latest: true, Modified: r.Version.Modified, Size: int64(size),
				ETag: fmt.Sprintf("%x", md5.Sum(data)), Owner: "alice",
				Attributes: Attributes{ContentType: "a/b", Metadata: map[string]string{"m": "1"}, Tags: []Tag{{Key: "t", Value: "v"}}},
				Checksum:   Checksum{Algorithm: "SHA1", Type: "FULL_OBJECT", Value: sumOf(checksum.SHA1, data)}}
			if diff := cmp.Diff(want, b.head("bucket", dst, "").Version); diff != "" {
				t.Errorf("%d bytes: -want +got\n%s", size, diff)
			}
			b.delete("bucket", src, "")
			if err := b.Reap(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := b.get("bucket", dst, ""); !bytes.Equal(got, data) {
				t.Errorf("%d bytes: the copy did not outlive its source", size)
			}
		}
	}, inClear)
}

func TestCopyDirectives(t *testing.T) {
	b := newBench(t, "memory", inClear)
	b.put("bucket", "src", pattern(10), func(in *PutInput) {
		in.Attributes = Attributes{ContentType: "a/b", CacheControl: "no-store", Metadata: map[string]string{"m": "1"}, Tags: []Tag{{Key: "t", Value: "v"}}}
	})
	mine := Attributes{ContentType: "c/d", Metadata: map[string]string{"n": "2"}, Tags: []Tag{{Key: "u", Value: "w"}}, StorageClass: "GLACIER_IR", Redirect: "/r"}
	for name, c := range map[string]struct {
		change func(*CopyInput)
		want   Attributes
	}{
		"copy both": {func(in *CopyInput) { in.Attributes = mine }, Attributes{ContentType: "a/b", CacheControl: "no-store",
			Metadata: map[string]string{"m": "1"}, Tags: []Tag{{Key: "t", Value: "v"}}, StorageClass: "GLACIER_IR", Redirect: "/r"}},
		"replace metadata": {func(in *CopyInput) { in.Attributes, in.ReplaceMetadata = mine, true }, Attributes{ContentType: "c/d",
			Metadata: map[string]string{"n": "2"}, Tags: []Tag{{Key: "t", Value: "v"}}, StorageClass: "GLACIER_IR", Redirect: "/r"}},
		"replace tags by none": {func(in *CopyInput) { in.ReplaceTags = true }, Attributes{ContentType: "a/b", CacheControl: "no-store",
			Metadata: map[string]string{"m": "1"}}},
	} {
		b.copy("src", "dst", c.change)
		if diff := cmp.Diff(c.want, b.head("bucket", "dst", "").Version.Attributes); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestCopyOntoItself(t *testing.T) {
	b := newBench(t, "memory")
	b.put("bucket", "k", pattern(10), func(in *PutInput) { in.Attributes.Metadata = map[string]string{"m": "1"} })
	try := func(change ...func(*CopyInput)) error {
		_, err := b.tryCopy("k", "k", change...)
		return err
	}
	wantCode(t, "nothing changes", try(), errcode.InvalidRequest)
	wantCode(t, "the class it has", try(func(in *CopyInput) { in.Attributes.StorageClass = "STANDARD" }), errcode.InvalidRequest)
	wantCode(t, "the null version", try(func(in *CopyInput) { in.SourceVersion = "null" }), errcode.InvalidRequest)
	wantCode(t, "another class", try(func(in *CopyInput) { in.Attributes.StorageClass = "STANDARD_IA" }), "")
	wantCode(t, "another checksum", try(func(in *CopyInput) { in.Algorithm = "SHA256" }), "")
	wantCode(t, "replace", try(func(in *CopyInput) { in.ReplaceMetadata = true }), "")
	if got := b.head("bucket", "k", "").Version.Metadata; len(got) != 0 {
		t.Errorf("REPLACE left %v", got)
	}
	b.versioning("bucket", meta.VersioningEnabled)
	b.put("bucket", "k", pattern(20))
	wantCode(t, "restore of an older version", try(func(in *CopyInput) { in.SourceVersion = "null" }), "")
	if got := b.get("bucket", "k", ""); !bytes.Equal(got, pattern(10)) {
		t.Error("the older version was not restored")
	}
}

func TestCopyConditionsAndErrors(t *testing.T) {
	b := newBench(t, "memory")
	b.createBucket("other")
	src := b.put("bucket", "src", pattern(10)).Version
	b.clock.advance(24 * time.Hour)
	hour := time.Hour
	for name, c := range map[string]struct {
		cond Conditions
		want errcode.Code
	}{
		"if-match":              {Conditions{IfMatch: src.ETag}, ""},
		"if-match false":        {Conditions{IfMatch: `"x"`}, errcode.PreconditionFailed},
		"if-none-match equal":   {Conditions{IfNoneMatch: `"` + src.ETag + `"`}, errcode.PreconditionFailed},
		"if-none-match other":   {Conditions{IfNoneMatch: `"x"`}, ""},
		"modified since later":  {Conditions{IfModifiedSince: src.Modified.Add(hour)}, errcode.PreconditionFailed},
		"modified since before": {Conditions{IfModifiedSince: src.Modified.Add(-hour)}, ""},
		"unmodified before":     {Conditions{IfUnmodifiedSince: src.Modified.Add(-hour)}, errcode.PreconditionFailed},
		"match over unmodified": {Conditions{IfMatch: src.ETag, IfUnmodifiedSince: src.Modified.Add(-hour)}, ""},
		"none-match over modified": {Conditions{IfNoneMatch: src.ETag, IfModifiedSince: src.Modified.Add(-hour)},
			errcode.PreconditionFailed},
	} {
		_, err := b.tryCopy("src", "dst", func(in *CopyInput) { in.SourceConditions = c.cond })
		wantCode(t, name, err, c.want)
	}
	try := func(f func(*CopyInput)) error {
		_, err := b.tryCopy("src", "dst", f)
		return err
	}
	wantCode(t, "destination exists", try(func(in *CopyInput) { in.Condition.IfNoneMatch = "*" }), errcode.PreconditionFailed)
	wantCode(t, "destination is another", try(func(in *CopyInput) { in.Condition.IfMatch = `"x"` }), errcode.PreconditionFailed)
	wantCode(t, "destination as expected", try(func(in *CopyInput) { in.Condition.IfMatch = src.ETag }), "")
	wantCode(t, "missing key", try(func(in *CopyInput) { in.SourceKey = "absent" }), errcode.NoSuchKey)
	wantCode(t, "missing source bucket", try(func(in *CopyInput) { in.SourceBucket = "absent" }), errcode.NoSuchBucket)
	wantCode(t, "missing bucket", try(func(in *CopyInput) { in.Bucket = "absent" }), errcode.NoSuchBucket)
	if _, err := b.CreateBucket(t.Context(), CreateBucketInput{Caller: Caller{Account: "mallory"}, Name: "foreign"}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "unreadable source", try(func(in *CopyInput) { in.SourceBucket = "foreign" }), errcode.AccessDenied)
	wantCode(t, "unwritable destination", try(func(in *CopyInput) { in.Bucket = "foreign" }), errcode.AccessDenied)

	b.versioning("bucket", meta.VersioningEnabled)
	v := b.put("bucket", "src", pattern(11)).Version.ID
	if r := b.copy("src", "dst"); r.SourceVersion != v || !r.ShowVersion {
		t.Errorf("copy of %q says %q", v, r.SourceVersion)
	}
	if r := b.copy("src", "dst", func(in *CopyInput) { in.SourceVersion = "null" }); r.SourceVersion != "null" || r.Version.Size != 10 {
		t.Errorf("copy of the null version: %+v", r)
	}
	marker := b.delete("bucket", "src", "")
	wantCode(t, "marker on top", try(func(*CopyInput) {}), errcode.NoSuchKey)
	wantCode(t, "marker by its id", try(func(in *CopyInput) { in.SourceVersion = marker.VersionID }), errcode.InvalidRequest)
}

func TestCopyRecomputesChecksums(t *testing.T) {
	b := newBench(t, "memory")
	for _, size := range []int{100, 100 << 10} {
		data := pattern(size)
		b.put("bucket", "src", data)
		for _, a := range checksum.All() {
			v := b.copy("src", "dst", func(in *CopyInput) { in.Algorithm = string(a) }).Version
			want := Checksum{Algorithm: string(a), Type: "FULL_OBJECT", Value: sumOf(a, data)}
			if v.Checksum != want {
				t.Errorf("%d bytes: got %+v, want %+v", size, v.Checksum, want)
			}
		}
		_, err := b.tryCopy("src", "dst", func(in *CopyInput) { in.Algorithm = "MD4" })
		wantCode(t, "unknown algorithm", err, errcode.InvalidRequest)
	}
}

// A copy of a multipart object is a plain object with the MD5 of its bytes.
func TestCopyOfAMultipartObject(t *testing.T) {
	b := newBench(t, "memory")
	for _, algorithm := range []string{"", "SHA256"} {
		data := pattern(kib5*2 + 30)
		b.multipart("mp", algorithm, data, kib5+10)
		if tag := b.head("bucket", "mp", "").Version.ETag; len(tag) != 34 {
			t.Fatalf("multipart ETag %q", tag)
		}
		blobs := len(b.blobIDs())
		v := b.copy("mp", "plain").Version
		a, _ := algorithmOr(algorithm, checksum.Default)
		want := Checksum{Algorithm: string(a), Type: "FULL_OBJECT", Value: sumOf(a, data)}
		if v.ETag != fmt.Sprintf("%x", md5.Sum(data)) || v.Checksum != want || v.PartCount != 0 {
			t.Errorf("copy: ETag %s, %+v, %d parts", v.ETag, v.Checksum, v.PartCount)
		}
		if got := b.get("bucket", "plain", ""); !bytes.Equal(got, data) || len(b.blobIDs()) != blobs {
			t.Errorf("copy: %d bytes, %d new blobs", len(got), len(b.blobIDs())-blobs)
		}
	}
}
