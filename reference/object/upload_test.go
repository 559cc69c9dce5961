package object

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
)

func (b *bench) upload(key string, change ...func(*CreateUploadInput)) Upload {
	b.t.Helper()
	in := CreateUploadInput{Caller: alice, Bucket: "bucket", Key: key}
	for _, f := range change {
		f(&in)
	}
	u, err := b.CreateUpload(b.t.Context(), in)
	if err != nil {
		b.t.Fatalf("create upload: %v", err)
	}
	return u
}

func (b *bench) tryPart(u Upload, number int, data []byte, change ...func(*UploadPartInput)) (Part, error) {
	in := UploadPartInput{Caller: alice, Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Number: number, Body: bodyOf(data)}
	for _, f := range change {
		f(&in)
	}
	return b.UploadPart(b.t.Context(), in)
}

func (b *bench) part(u Upload, number int, data []byte) CompletePart {
	b.t.Helper()
	p, err := b.tryPart(u, number, data, func(in *UploadPartInput) { in.Body.Checksum.Algorithm = u.Algorithm })
	if err != nil {
		b.t.Fatalf("part %d: %v", number, err)
	}
	c := CompletePart{Number: number, ETag: p.ETag}
	if u.Algorithm != "" {
		c.Checksums = []Checksum{p.Checksum}
	}
	return c
}

func (b *bench) tryComplete(u Upload, parts []CompletePart, change ...func(*CompleteInput)) (PutResult, error) {
	in := CompleteInput{Caller: alice, Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Parts: parts, Size: -1}
	for _, f := range change {
		f(&in)
	}
	return b.Complete(b.t.Context(), in)
}

// multipart stores data in parts of n bytes.
func (b *bench) multipart(key, algorithm string, data []byte, n int) PutResult {
	b.t.Helper()
	u := b.upload(key, func(in *CreateUploadInput) { in.Algorithm = algorithm })
	var parts []CompletePart
	for piece := range slices.Chunk(data, n) {
		parts = append(parts, b.part(u, len(parts)+1, piece))
	}
	r, err := b.tryComplete(u, parts)
	if err != nil {
		b.t.Fatalf("complete: %v", err)
	}
	return r
}

// multipartETag is the MD5 of the parts' MD5s, and their number.
func multipartETag(parts ...[]byte) string {
	h := md5.New()
	for _, p := range parts {
		s := md5.Sum(p)
		h.Write(s[:])
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(h.Sum(nil)), len(parts))
}

func TestMultipart(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		one, two, three := pattern(kib5), pattern(100 << 10)[7:], []byte("end")
		u := b.upload("k", func(in *CreateUploadInput) {
			in.Attributes = Attributes{ContentType: "a/b", Tags: []Tag{{Key: "t", Value: "v"}}}
		})
		b.part(u, 3, []byte("left out"))
		b.part(u, 2, []byte("replaced"))
		parts := []CompletePart{b.part(u, 1, one), b.part(u, 2, two), b.part(u, 5, three)}
		if keys := b.keys("bucket"); keys != "" {
			t.Errorf("keys %q before the upload is completed", keys)
		}
		r, err := b.tryComplete(u, parts, func(in *CompleteInput) { in.Size = int64(len(one) + len(two) + len(three)) })
		if err != nil {
			t.Fatal(err)
		}
		whole := slices.Concat(one, two, three)
		if got := b.get("bucket", "k", ""); !bytes.Equal(got, whole) {
			t.Errorf("body changed")
		}
		crc := func(p []byte) Checksum {
			return Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: sumOf(checksum.CRC64NVME, p)}
		}
		part := func(n int, p []byte) PartInfo { return PartInfo{Number: n, Size: int64(len(p)), Checksum: crc(p)} }
		want := Version{Bucket: "bucket", Key: "k", ID: "null", Latest: true, Modified: r.Version.Modified, Size: int64(len(whole)),
			ETag: multipartETag(one, two, three), Owner: "alice", Checksum: crc(whole), PartCount: 3,
			Attributes: Attributes{ContentType: "a/b", Tags: []Tag{{Key: "t", Value: "v"}}},
			Parts:      []PartInfo{part(1, one), part(2, two), part(5, three)}}
		if diff := cmp.Diff(want, b.head("bucket", "k", "").Version); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		for _, p := range []struct {
			number int
			data   []byte
			off    int
		}{{1, one, 0}, {2, two, len(one)}, {5, three, len(one) + len(two)}} {
			got, r, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k", PartNumber: p.number})
			if err != nil || !bytes.Equal(got, p.data) || r.Offset != int64(p.off) || !r.Partial || r.PartsCount != 3 || r.RangeChecksum != crc(p.data) {
				t.Errorf("part %d: %d bytes, %+v, %v", p.number, len(got), r, err)
			}
		}
		_, _, err = b.tryGet(GetInput{Bucket: "bucket", Key: "k", PartNumber: 6})
		wantCode(t, "a part beyond the last", err, errcode.InvalidPartNumber)
		got, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k", Range: fmt.Sprintf("bytes=%d-%d", kib5-2, len(whole)-2)})
		if err != nil || !bytes.Equal(got, whole[kib5-2:len(whole)-1]) {
			t.Errorf("a range over three parts: %d bytes, %v", len(got), err)
		}
		_, err = b.tryPart(u, 1, one)
		wantCode(t, "part of a completed upload", err, errcode.NoSuchUpload)
	}, inClear)
}

func TestCompleteRefusals(t *testing.T) {
	b := newBench(t, "memory")
	u := b.upload("k")
	one, two := b.part(u, 1, pattern(kib5)), b.part(u, 2, pattern(kib5-1))
	three := b.part(u, 3, pattern(10))
	b.put("bucket", "k", []byte("old"))
	wrong := one
	wrong.ETag = two.ETag
	for name, c := range map[string]struct {
		parts  []CompletePart
		change func(*CompleteInput)
		want   errcode.Code
	}{
		"no parts":   {nil, nil, errcode.MalformedXML},
		"order":      {[]CompletePart{two, one}, nil, errcode.InvalidPartOrder},
		"twice":      {[]CompletePart{one, one}, nil, errcode.InvalidPartOrder},
		"unknown":    {[]CompletePart{one, {Number: 4, ETag: one.ETag}}, nil, errcode.InvalidPart},
		"wrong etag": {[]CompletePart{wrong, two}, nil, errcode.InvalidPart},
		"too small":  {[]CompletePart{one, two, three}, nil, errcode.EntityTooSmall},
		"size":       {[]CompletePart{one, two}, func(in *CompleteInput) { in.Size = 7 }, errcode.InvalidRequest},
		"exists":     {[]CompletePart{one, two}, func(in *CompleteInput) { in.Condition.IfNoneMatch = "*" }, errcode.PreconditionFailed},
		"changed":    {[]CompletePart{one, two}, func(in *CompleteInput) { in.Condition.IfMatch = "x" }, errcode.PreconditionFailed},
		"type":       {[]CompletePart{one, two}, func(in *CompleteInput) { in.Checksum.Type = "COMPOSITE" }, errcode.BadDigest},
		"digest": {[]CompletePart{one, two}, func(in *CompleteInput) {
			in.Checksum = Checksum{Algorithm: "CRC64NVME", Value: "AAAAAAAAAAA="}
		}, errcode.BadDigest},
		"other digest": {[]CompletePart{one, two}, func(in *CompleteInput) {
			in.Checksum = Checksum{Algorithm: "SHA1", Value: "x"}
		}, errcode.InvalidRequest},
		"another key": {[]CompletePart{one, two}, func(in *CompleteInput) { in.Key = "other" }, errcode.NoSuchUpload},
		"bucket":      {[]CompletePart{one, two}, func(in *CompleteInput) { in.Bucket = "absent" }, errcode.NoSuchBucket},
	} {
		var change []func(*CompleteInput)
		if c.change != nil {
			change = append(change, c.change)
		}
		_, err := b.tryComplete(u, c.parts, change...)
		wantCode(t, name, err, c.want)
	}
	if got := b.get("bucket", "k", ""); string(got) != "old" {
		t.Errorf("a refused Complete changed the object to %d bytes", len(got))
	}
	list, err := b.ListParts(t.Context(), ListPartsInput{Caller: alice, Bucket: "bucket", Key: "k", UploadID: u.ID, Max: 2})
	if err != nil || len(list.Parts) != 2 || !list.Truncated || list.Next != 2 || list.Upload.ID != u.ID {
		t.Errorf("parts after refusals: %+v, %v", list, err)
	}
	if _, err := b.tryComplete(u, []CompletePart{one, two}); err != nil {
		t.Errorf("the upload is not usable after refusals: %v", err)
	}
}

// Repeating a Complete answers as before and applies nothing.
func TestCompleteAgain(t *testing.T) {
	b := newBench(t, "memory")
	u := b.upload("k")
	parts := []CompletePart{b.part(u, 1, pattern(kib5)), b.part(u, 2, pattern(3))}
	first, err := b.tryComplete(u, parts)
	if err != nil {
		t.Fatal(err)
	}
	b.put("bucket", "k", []byte("newer"))
	again, err := b.tryComplete(u, parts)
	if err != nil || again.Version.ETag != first.Version.ETag {
		t.Errorf("again: %+v, %v; want ETag %s", again.Version, err, first.Version.ETag)
	}
	if got := b.get("bucket", "k", ""); string(got) != "newer" {
		t.Errorf("a repeated Complete was applied again")
	}
	_, err = b.tryComplete(u, parts[:1])
	wantCode(t, "another list", err, errcode.NoSuchUpload)
	_, err = b.tryComplete(Upload{Bucket: "bucket", Key: "k", ID: "made-up"}, parts)
	wantCode(t, "made-up id", err, errcode.NoSuchUpload)
}

func TestAbort(t *testing.T) {
	b := newBench(t, "memory")
	u := b.upload("k")
	part := b.part(u, 1, pattern(100<<10))
	wantCode(t, "abort of another key", b.Abort(t.Context(), alice, "bucket", "other", u.ID), errcode.NoSuchUpload)
	wantCode(t, "abort", b.Abort(t.Context(), alice, "bucket", "k", u.ID), "")
	wantCode(t, "abort again", b.Abort(t.Context(), alice, "bucket", "k", u.ID), errcode.NoSuchUpload)
	_, err := b.tryPart(u, 2, nil)
	wantCode(t, "part", err, errcode.NoSuchUpload)
	_, err = b.tryComplete(u, []CompletePart{part})
	wantCode(t, "complete", err, errcode.NoSuchUpload)
	_, err = b.ListParts(t.Context(), ListPartsInput{Caller: alice, Bucket: "bucket", Key: "k", UploadID: u.ID, Max: 10})
	wantCode(t, "list", err, errcode.NoSuchUpload)
}

func TestUploadChecksumTypes(t *testing.T) {
	b := newBench(t, "memory")
	create := func(algorithm, kind string) (Upload, error) {
		return b.CreateUpload(t.Context(), CreateUploadInput{Caller: alice, Bucket: "bucket", Key: "k", Algorithm: algorithm, ChecksumType: kind})
	}
	for _, c := range []struct {
		algorithm, kind, want string
		code                  errcode.Code
	}{
		{"", "", "", ""},
		{"", "FULL_OBJECT", "", errcode.InvalidRequest},
		{"CRC32", "", "COMPOSITE", ""},
		{"CRC32", "FULL_OBJECT", "FULL_OBJECT", ""},
		{"CRC64NVME", "", "FULL_OBJECT", ""},
		{"CRC64NVME", "COMPOSITE", "", errcode.InvalidRequest},
		{"SHA1", "FULL_OBJECT", "", errcode.InvalidRequest},
		{"SHA256", "FULL_OBJECT", "", errcode.InvalidRequest},
		{"SHA256", "COMPOSITE", "COMPOSITE", ""},
		{"SHA256", "WHAT", "", errcode.InvalidRequest},
	} {
		u, err := create(c.algorithm, c.kind)
		wantCode(t, fmt.Sprintf("%q %q", c.algorithm, c.kind), err, c.code)
		if err == nil && (u.ChecksumType != c.want || u.Algorithm != c.algorithm || u.ID == "") {
			t.Errorf("%q %q: %+v", c.algorithm, c.kind, u)
		}
	}
}

// Whatever the algorithm, type and parts: the object's checksum is what the
// rules say of its bytes or of its parts' checksums.
func TestMultipartChecksums(t *testing.T) {
	b := newBench(t, "memory")
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(checksum.All()).Draw(t, "algorithm")
		kind := rapid.SampledFrom([]checksum.Type{checksum.FullObject, checksum.Composite}).Draw(t, "type")
		if !a.AllowsMultipart(kind) {
			t.Skip("no such type")
		}
		u := b.upload("k", func(in *CreateUploadInput) { in.Algorithm, in.ChecksumType = string(a), string(kind) })
		var parts []CompletePart
		var whole []byte
		cat := a.New()
		n := rapid.IntRange(1, 4).Draw(t, "parts")
		for i := range n {
			data := pattern(kib5 + rapid.IntRange(0, 20000).Draw(t, "size"))[i:]
			if i < n-1 {
				data = append(data, pattern(i)...) // keep the minimum
			}
			p, err := b.tryPart(u, i+1, data, func(in *UploadPartInput) {
				in.Body.Checksum = Checksum{Algorithm: string(a), Value: sumOf(a, data)}
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, CompletePart{Number: i + 1, ETag: p.ETag, Checksums: []Checksum{p.Checksum}})
			whole = append(whole, data...)
			h := a.New()
			h.Write(data)
			cat.Write(h.Sum(nil))
		}
		want := sumOf(a, whole)
		if kind == checksum.Composite {
			want = fmt.Sprintf("%s-%d", checksum.Encode(cat.Sum(nil)), n)
		}
		r, err := b.tryComplete(u, parts, func(in *CompleteInput) {
			if rapid.Bool().Draw(t, "claim") {
				in.Checksum = Checksum{Algorithm: string(a), Type: string(kind), Value: want}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := (Checksum{Algorithm: string(a), Type: string(kind), Value: want}); r.Version.Checksum != got {
			t.Errorf("got %+v, want %+v", r.Version.Checksum, got)
		}
	})
}

func TestPartChecksumRules(t *testing.T) {
	b := newBench(t, "memory")
	data := pattern(100)
	sent := func(a checksum.Algorithm, value string) func(*UploadPartInput) {
		return func(in *UploadPartInput) { in.Body.Checksum = Checksum{Algorithm: string(a), Value: value} }
	}
	composite := b.upload("k", func(in *CreateUploadInput) { in.Algorithm = "SHA256" })
	_, err := b.tryPart(composite, 1, data, sent(checksum.CRC32, ""))
	wantCode(t, "another algorithm", err, errcode.InvalidRequest)
	_, err = b.tryPart(composite, 1, data, sent(checksum.SHA256, sumOf(checksum.SHA256, nil)))
	wantCode(t, "wrong value", err, errcode.BadDigest)
	_, err = b.tryPart(composite, 1, data)
	wantCode(t, "none where the object's is made of the parts'", err, errcode.InvalidRequest)
	p, err := b.tryPart(composite, 1, data, sent(checksum.SHA256, sumOf(checksum.SHA256, data)))
	if err != nil || p.Checksum.Value != sumOf(checksum.SHA256, data) {
		t.Errorf("part: %+v, %v", p, err)
	}
	_, err = b.tryComplete(composite, []CompletePart{{Number: 1, ETag: p.ETag}})
	wantCode(t, "complete without part checksums", err, errcode.InvalidRequest)
	_, err = b.tryComplete(composite, []CompletePart{{Number: 1, ETag: p.ETag,
		Checksums: []Checksum{{Algorithm: "SHA256", Value: sumOf(checksum.SHA256, nil)}}}})
	wantCode(t, "complete with a wrong part checksum", err, errcode.InvalidPart)
	_, err = b.tryComplete(composite, []CompletePart{{Number: 1, ETag: p.ETag,
		Checksums: []Checksum{{Algorithm: "CRC32", Value: sumOf(checksum.CRC32, data)}}}})
	wantCode(t, "complete with another algorithm", err, errcode.InvalidRequest)

	for name, u := range map[string]Upload{
		"no algorithm": b.upload("k"),
		"full object":  b.upload("k", func(in *CreateUploadInput) { in.Algorithm = "CRC64NVME" }),
	} {
		p, err = b.tryPart(u, 1, data, sent(checksum.CRC32, sumOf(checksum.CRC32, data)))
		if u.Algorithm != "" {
			wantCode(t, name+": another algorithm", err, errcode.InvalidRequest)
		} else if err != nil || p.Checksum.Algorithm != "CRC32" || p.Checksum.Value != sumOf(checksum.CRC32, data) {
			t.Errorf("%s: a part with CRC32: %+v, %v", name, p, err)
		}
		_, err = b.tryPart(u, 1, data, sent(checksum.CRC64NVME, sumOf(checksum.CRC64NVME, nil)))
		wantCode(t, name+": a wrong checksum", err, errcode.BadDigest)
		p, err = b.tryPart(u, 1, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err = b.tryComplete(u, []CompletePart{{Number: 1, ETag: p.ETag,
			Checksums: []Checksum{{Algorithm: "CRC64NVME", Value: "AAAAAAAAAAA="}}}})
		wantCode(t, name+": complete with a wrong part checksum", err, errcode.InvalidPart)
		r, err := b.tryComplete(u, []CompletePart{{Number: 1, ETag: p.ETag}})
		want := Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: sumOf(checksum.CRC64NVME, data)}
		if err != nil || r.Version.Checksum != want {
			t.Errorf("%s: %+v, %v; want %+v", name, r.Version.Checksum, err, want)
		}
	}
}

func (b *bench) tryCopyPart(u Upload, number int, src string, change ...func(*CopyPartInput)) (CopyPartResult, error) {
	in := CopyPartInput{Caller: alice, Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Number: number, SourceBucket: "bucket", SourceKey: src}
	for _, f := range change {
		f(&in)
	}
	return b.CopyPart(b.t.Context(), in)
}

func TestCopyPart(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		small, large := pattern(8000), pattern(300<<10)
		b.put("bucket", "small", small)
		b.put("bucket", "large", large)
		b.multipart("mp", "", large, kib5)
		blobs := len(b.blobIDs())
		u := b.upload("dst")
		var parts []CompletePart
		var whole [][]byte
		for _, c := range []struct {
			src  string
			rng  string
			want []byte
		}{
			{"small", "", small}, {"small", "bytes=10-7999", small[10:]},
			{"large", "", large}, {"large", "bytes=1-99999", large[1:100000]},
			{"mp", "", large}, {"mp", "bytes=5000-50000", large[5000:50001]},
		} {
			r, err := b.tryCopyPart(u, len(parts)+1, c.src, func(in *CopyPartInput) { in.Range = c.rng })
			if err != nil {
				t.Fatalf("%s %s: %v", c.src, c.rng, err)
			}
			if want := fmt.Sprintf("%x", md5.Sum(c.want)); r.Part.ETag != want || r.Part.Size != int64(len(c.want)) {
				t.Errorf("%s %s: %+v, want ETag %s of %d bytes", c.src, c.rng, r.Part, want, len(c.want))
			}
			parts = append(parts, CompletePart{Number: r.Part.Number, ETag: r.Part.ETag})
			whole = append(whole, c.want)
		}
		if got := len(b.blobIDs()); got != blobs {
			t.Errorf("copying parts made %d blobs", got-blobs)
		}
		r, err := b.tryComplete(u, parts)
		if err != nil || r.Version.ETag != multipartETag(whole...) {
			t.Errorf("complete: %+v, %v", r.Version, err)
		}
		for _, k := range []string{"small", "large", "mp"} {
			b.delete("bucket", k, "")
		}
		if got := b.get("bucket", "dst", ""); !bytes.Equal(got, slices.Concat(whole...)) {
			t.Error("body differs from what was copied")
		}
	}, inClear)
}

func TestCopyPartRefusals(t *testing.T) {
	b := newBench(t, "memory")
	b.put("bucket", "src", pattern(100))
	u := b.upload("dst")
	try := func(f func(*CopyPartInput)) error {
		_, err := b.tryCopyPart(u, 1, "src", f)
		return err
	}
	for _, r := range []string{"bytes=0-100", "bytes=0-", "bytes=-5", "0-5", "bytes=5-2", "bytes=0-1,2-3"} {
		wantCode(t, r, try(func(in *CopyPartInput) { in.Range = r }), errcode.InvalidArgument)
	}
	wantCode(t, "condition", try(func(in *CopyPartInput) { in.SourceConditions.IfMatch = "x" }), errcode.PreconditionFailed)
	wantCode(t, "missing source", try(func(in *CopyPartInput) { in.SourceKey = "absent" }), errcode.NoSuchKey)
	wantCode(t, "missing upload", try(func(in *CopyPartInput) { in.UploadID = "made-up" }), errcode.NoSuchUpload)
	list, err := b.ListParts(t.Context(), ListPartsInput{Caller: alice, Bucket: "bucket", Key: "dst", UploadID: u.ID, Max: 10})
	if err != nil || len(list.Parts) != 0 {
		t.Errorf("refused parts are listed: %+v, %v", list, err)
	}
}

func TestListUploads(t *testing.T) {
	b := newBench(t, "memory")
	var ids []string
	for _, k := range []string{"a", "a", "b/1", "b/2", "c"} {
		ids = append(ids, b.upload(k).ID)
	}
	page, err := b.ListUploads(t.Context(), alice, ListUploadsInput{Bucket: "bucket", Delimiter: "/", Max: 3})
	if err != nil || len(page.Uploads) != 2 || page.Uploads[0].ID != ids[0] || page.Uploads[1].ID != ids[1] ||
		!cmp.Equal(page.CommonPrefixes, []string{"b/"}) || !page.Truncated {
		t.Errorf("first page: %+v, %v", page, err)
	}
	page, err = b.ListUploads(t.Context(), alice, ListUploadsInput{Bucket: "bucket", Delimiter: "/", Max: 3, AfterKey: page.NextKey, AfterUpload: page.NextUpload})
	if err != nil || len(page.Uploads) != 1 || page.Uploads[0].ID != ids[4] || page.Truncated {
		t.Errorf("second page: %+v, %v", page, err)
	}
	_, err = b.ListUploads(t.Context(), Caller{}, ListUploadsInput{Bucket: "bucket", Max: 1})
	wantCode(t, "anonymous", err, errcode.AccessDenied)
	_, err = b.ListUploads(t.Context(), alice, ListUploadsInput{Bucket: "absent", Max: 1})
	wantCode(t, "missing bucket", err, errcode.NoSuchBucket)
}
