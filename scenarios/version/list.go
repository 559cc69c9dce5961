package version

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "version.list.order",
	Rule:  "V-14",
	Says:  "ListObjectVersions MUST list keys in ascending order and the versions of a key newest first, with exactly one IsLatest a key.",
	Ref:   guide + "list-obj-version-enabled-bucket.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		var want []entry
		for _, key := range []string{"b", "a", "a/1"} { // written in this order, listed in byte order
			for range 3 {
				put(ctx, s, b, key, "v")
			}
		}
		all, _ := list(ctx, s, b)
		s.Expect(all).To(HaveLen(9))
		for i, e := range all {
			want = append(want, entry{[]string{"a", "a/1", "b"}[i/3], e.ID, false, i%3 == 0})
		}
		s.Expect(all).To(Equal(want))
	},
})

var _ = Add(Scenario{
	ID:    "version.list.newest-first",
	Rule:  "V-14",
	Says:  "Versions of one key written one after the other, within the same second too, MUST be listed in the reverse order of their writing.",
	Ref:   guide + "list-obj-version-enabled-bucket.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		want := make([]string, 12)
		for i := range want {
			want[len(want)-1-i] = put(ctx, s, b, "k", fmt.Sprint(i))
		}
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(Equal(want))
	},
})

var _ = Add(Scenario{
	ID:    "version.list.paging",
	Rule:  "V-15",
	Says:  "Pages of ListObjectVersions, continued by NextKeyMarker and NextVersionIdMarker in the middle of a key, MUST together list each version and marker once.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		var want []string
		for _, key := range []string{"a", "b", "c"} {
			want = append(want, put(ctx, s, b, key, "one"), put(ctx, s, b, key, "two"), mark(ctx, s, b, key))
		}
		whole, _ := list(ctx, s, b)
		for _, size := range []int32{1, 2, 4} {
			got := pages(ctx, s, b, size, nil, nil)
			s.Expect(ids(got)).To(ConsistOf(want), "pages of %d", size)
			s.Expect(got).To(ConsistOf(whole), "IsLatest in pages of %d", size)
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.list.paging-null",
	Rule:  "V-15",
	Says:  "Pages of ListObjectVersions that end at a null version MUST go on behind it.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "a", "null, the oldest of its key")
		s.MustPut(ctx, b, "b", "null, the only one of its key")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		put(ctx, s, b, "a", "one")
		put(ctx, s, b, "c", "one")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "c", "null, the newest of its key")
		whole, _ := list(ctx, s, b)
		s.Expect(whole).To(HaveLen(5))
		for _, size := range []int32{1, 2, 3} {
			s.Expect(pages(ctx, s, b, size, nil, nil)).To(Equal(whole), "pages of %d", size)
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.list.key-marker",
	Rule:  "V-15",
	Says:  "ListObjectVersions with key-marker alone SHOULD list the versions of greater keys, and with version-id-marker also those of that key behind the version.",
	Ref:   apiVersions, // which has the markers begin the page; S3 itself goes on behind them
	SDK:   "s3@v1.114.8 ListObjectVersionsOutput.NextKeyMarker",
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "a", "v")
		oldest, older, newest := put(ctx, s, b, "b", "one"), put(ctx, s, b, "b", "two"), put(ctx, s, b, "b", "three")
		last := put(ctx, s, b, "c", "v")
		behind := func(id *string) []string {
			all, _ := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) { in.KeyMarker, in.VersionIdMarker = aws.String("b"), id })
			return ids(all)
		}
		s.Expect(behind(nil)).To(Equal([]string{last}), "key-marker=b")
		s.Expect(behind(&newest)).To(Equal([]string{older, oldest, last}), "behind the newest version of b")
		s.Expect(behind(&older)).To(Equal([]string{oldest, last}), "behind the one in the middle")
		s.Expect(behind(&oldest)).To(Equal([]string{last}), "behind the oldest")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.prefix-pages",
	Rule:  "V-16",
	Says:  "Pages of ListObjectVersions with prefix and delimiter MUST together hold each version and each common prefix once.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		var want []string
		for _, key := range []string{"o", "p/a/1", "p/a/1", "p/a/2", "p/b", "p/b", "p/c/3", "q"} {
			id := put(ctx, s, b, key, "v")
			if key == "p/b" {
				want = append(want, id)
			}
		}
		for _, size := range []int32{1, 2, 3} {
			var prefixes []string
			got := pages(ctx, s, b, size, func(in *s3.ListObjectVersionsInput) {
				in.Prefix, in.Delimiter = aws.String("p/"), aws.String("/")
			}, func(out *s3.ListObjectVersionsOutput) {
				for _, p := range out.CommonPrefixes {
					prefixes = append(prefixes, aws.ToString(p.Prefix))
				}
			})
			s.Expect(ids(got)).To(ConsistOf(want), "pages of %d", size)
			s.Expect(prefixes).To(Equal([]string{"p/a/", "p/c/"}), "common prefixes in pages of %d", size)
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.list.entry",
	Rule:  "V-14",
	Says:  "A version in ListObjectVersions MUST carry its size, quoted ETag, storage class, date and owner, and a delete marker its date and owner.",
	Ref:   api + "API_ObjectVersion.html",
	SDK:   "s3@v1.114.8 types.ObjectVersion",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := s.MustPut(ctx, b, "k", "12345")
		s.MustPut(ctx, b, "k", "newer", Header("x-amz-storage-class", "STANDARD"))
		head, err := s.Head(ctx, b, "k", Version(aws.ToString(one.VersionId)))
		s.Must(err, "HEAD of the first version")
		mark(ctx, s, b, "k")
		_, out := list(ctx, s, b)
		s.Expect(out.Versions).To(HaveLen(2))
		s.Expect(out.DeleteMarkers).To(HaveLen(1))
		v, m := out.Versions[1], out.DeleteMarkers[0]
		s.Expect(aws.ToInt64(v.Size)).To(Equal(int64(5)), "Size")
		s.Expect(aws.ToString(v.ETag)).To(Equal(aws.ToString(one.ETag)), "ETag")
		s.Expect(v.StorageClass).To(BeEquivalentTo("STANDARD"), "StorageClass")
		s.Expect(aws.ToTime(v.LastModified).Unix()).To(Equal(aws.ToTime(head.LastModified).Unix()), "LastModified")
		s.Expect(v.Owner).NotTo(BeNil(), "Owner")
		s.Expect(m.LastModified).NotTo(BeNil(), "LastModified of the marker")
		s.Expect(m.Owner).NotTo(BeNil(), "Owner of the marker")
		s.Expect(aws.ToTime(m.LastModified)).To(BeTemporally(">=", aws.ToTime(v.LastModified)), "LastModified of the marker, set on the version")
		_, again := list(ctx, s, b)
		s.Expect(again.Versions).To(Equal(out.Versions), "the versions when listed again")
		s.Expect(again.DeleteMarkers).To(Equal(out.DeleteMarkers), "the markers when listed again")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.truncated",
	Rule:  "V-15",
	Says:  "ListObjectVersions MUST say IsTruncated: false exactly when the page holds the last of them, a full page too.",
	Ref:   apiVersions,
	SDK:   "s3@v1.114.8 ListObjectVersionsOutput.IsTruncated",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "a", "one")
		put(ctx, s, b, "a", "two")
		put(ctx, s, b, "b", "one")
		for size, want := range map[int32]bool{2: true, 3: false, 4: false} {
			_, out := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) { in.MaxKeys = &size })
			s.Expect(aws.ToBool(out.IsTruncated)).To(Equal(want), "max-keys=%d of 3", size)
		}
	},
})

// mostPages is more than any listing here has, on a server whose pages are small
// too.
const mostPages = 1100

// pages lists a bucket in pages of the given size: what seek asks for, each
// page shown to see; both may be nil.
func pages(ctx context.Context, s *S, bucket string, size int32, seek func(*s3.ListObjectVersionsInput), see func(*s3.ListObjectVersionsOutput)) []entry {
	var all []entry
	var key, version *string
	for range mostPages {
		page, out := list(ctx, s, bucket, func(in *s3.ListObjectVersionsInput) {
			if in.MaxKeys, in.KeyMarker, in.VersionIdMarker = aws.Int32(size), key, version; seek != nil {
				seek(in)
			}
		})
		s.Expect(len(page)+len(out.CommonPrefixes)).To(BeNumerically("<=", int(size)), "entries in a page")
		if all = append(all, page...); see != nil {
			see(out)
		}
		if !aws.ToBool(out.IsTruncated) {
			return all
		}
		key, version = out.NextKeyMarker, out.NextVersionIdMarker
		s.Expect(aws.ToString(key)).NotTo(BeEmpty(), "NextKeyMarker of a truncated page")
	}
	s.Expect(all).To(BeEmpty(), "the listing did not end within %d pages", mostPages)
	return nil
}

var _ = Add(Scenario{
	ID:    "version.list.version-marker-alone",
	Rule:  "V-15",
	Says:  "ListObjectVersions with version-id-marker and without key-marker SHOULD fail with 400 InvalidArgument.",
	Ref:   "https://github.com/johannesboyne/gofakes3/blob/master/internal/s3assumer/s300004_list_versions_with_version_marker_but_no_key_marker.go",
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "v")
		r := s.Send(ctx, Request{Bucket: b, Query: "version-id-marker=" + escape(id) + "&versions="})
		s.Expect(r).To(FailWith(400, "InvalidArgument"))
	},
})

var _ = Add(Scenario{
	ID:    "version.list.cap",
	Rule:  "V-15",
	Says:  "A page of ListObjectVersions MUST NOT hold more than 1,000 entries, and those behind it follow on the next.",
	Ref:   apiVersions,
	SDK:   "s3@v1.114.8 ListObjectVersionsInput.MaxKeys",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		want := map[string]bool{}
		for n := 0; n < 1001; n += 16 {
			acked, errs := parallelPuts(ctx, s, b, "k", min(16, 1001-n))
			s.Must(errors.Join(errs...), "put versions")
			for _, id := range acked {
				want[id] = true
			}
		}
		s.Expect(len(want)).To(Equal(1001), "different version ids")
		for _, e := range pages(ctx, s, b, 1000, nil, nil) {
			delete(want, e.ID)
		}
		s.Expect(len(want)).To(Equal(0), "versions on none of the pages")
		out, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b})
		s.Expect(err).To(OK(), "ListObjectVersions")
		s.Expect(len(out.Versions)).To(BeNumerically("<=", 1000), "versions on a page without max-keys")
		s.Expect(aws.ToBool(out.IsTruncated)).To(BeTrue(), "IsTruncated over 1,001 versions")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.prefix-delimiter",
	Rule:  "V-16",
	Says:  "ListObjectVersions MUST honour prefix and delimiter as listings of objects do, and name the bucket and both in its answer.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		for _, key := range []string{"p/a/1", "p/a/2", "p/b", "p/b", "q"} {
			put(ctx, s, b, key, "v")
		}
		all, out := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) {
			in.Prefix, in.Delimiter = aws.String("p/"), aws.String("/")
		})
		var keys []string
		for _, e := range all {
			keys = append(keys, e.Key)
		}
		s.Expect(keys).To(Equal([]string{"p/b", "p/b"}))
		s.Expect(out.CommonPrefixes).To(HaveLen(1))
		s.Expect(aws.ToString(out.CommonPrefixes[0].Prefix)).To(Equal("p/a/"))
		s.Expect(aws.ToString(out.Name)).To(Equal(b), "Name")
		s.Expect(aws.ToString(out.Prefix)).To(Equal("p/"), "Prefix")
		s.Expect(aws.ToString(out.Delimiter)).To(Equal("/"), "Delimiter")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.encoding",
	Rule:  "V-16",
	Says:  "ListObjectVersions with encoding-type=url MUST encode Key, Prefix, Delimiter, KeyMarker and NextKeyMarker.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "a b+é", "v")
		put(ctx, s, b, "a b+é2", "v")
		_, out := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) {
			in.EncodingType, in.Prefix, in.Delimiter, in.KeyMarker, in.MaxKeys = types.EncodingTypeUrl, aws.String("a b+"), aws.String("|+"), aws.String("a +"), aws.Int32(1)
		})
		s.Expect(out.Versions).To(HaveLen(1))
		for field, v := range map[string]struct{ got, want *string }{
			"Key": {out.Versions[0].Key, aws.String("a b+é")}, "Prefix": {out.Prefix, aws.String("a b+")},
			"Delimiter": {out.Delimiter, aws.String("|+")}, "KeyMarker": {out.KeyMarker, aws.String("a +")},
		} {
			s.Expect(aws.ToString(v.got)).NotTo(Equal(*v.want), field)
			s.Expect(url.QueryUnescape(aws.ToString(v.got))).To(Equal(*v.want), field)
		}
		s.Expect(aws.ToString(out.NextKeyMarker)).NotTo(ContainSubstring("é"), "NextKeyMarker")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.marker-shape",
	Rule:  "V-17",
	Says:  "DeleteMarker entries of ListObjectVersions MUST carry neither Size nor ETag.",
	Ref:   api + "API_DeleteMarkerEntry.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Query: "versions="})
		s.Expect(r).To(OK())
		var out struct {
			DeleteMarker []struct{ Size, ETag *string }
		}
		s.Expect(xml.Unmarshal(r.Body, &out)).To(Succeed(), "%q", r.Body)
		s.Expect(out.DeleteMarker).To(HaveLen(1))
		s.Expect(out.DeleteMarker[0].Size).To(BeNil(), "Size")
		s.Expect(out.DeleteMarker[0].ETag).To(BeNil(), "ETag")
	},
})

var _ = Add(Scenario{
	ID:    "version.list.marker-prefix",
	Rule:  "V-16",
	Says:  "The prefix and the delimiter of ListObjectVersions MUST hold for delete markers as they do for versions.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		markers := map[string]string{}
		for _, key := range []string{"o", "p/a/1", "p/b", "q"} {
			put(ctx, s, b, key, "v")
			markers[key] = mark(ctx, s, b, key)
		}
		of := func(prefix, delimiter string) ([]string, []types.CommonPrefix) {
			_, out := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) { in.Prefix, in.Delimiter = &prefix, &delimiter })
			got := []string{}
			for _, m := range out.DeleteMarkers {
				got = append(got, aws.ToString(m.VersionId))
			}
			return got, out.CommonPrefixes
		}
		got, _ := of("p/", "")
		s.Expect(got).To(Equal([]string{markers["p/a/1"], markers["p/b"]}), "markers under p/")
		got, rolled := of("p/", "/")
		s.Expect(got).To(Equal([]string{markers["p/b"]}), "markers under p/ by the delimiter /")
		s.Expect(rolled).To(HaveLen(1), "common prefixes under p/")
	},
})
