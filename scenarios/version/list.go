package version

import (
	"context"
	"fmt"

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
		for _, size := range []int32{1, 2, 4} {
			s.Expect(ids(pages(ctx, s, b, size))).To(ConsistOf(want), "pages of %d", size)
		}
	},
})

// pages lists a bucket in pages of the given size.
func pages(ctx context.Context, s *S, bucket string, size int32) []entry {
	var all []entry
	var key, version *string
	for range 50 {
		page, out := list(ctx, s, bucket, func(in *s3.ListObjectVersionsInput) {
			in.MaxKeys, in.KeyMarker, in.VersionIdMarker = aws.Int32(size), key, version
		})
		s.Expect(len(page)).To(BeNumerically("<=", int(size)), "entries in a page")
		all = append(all, page...)
		if !aws.ToBool(out.IsTruncated) {
			return all
		}
		key, version = out.NextKeyMarker, out.NextVersionIdMarker
		s.Expect(aws.ToString(key)).NotTo(BeEmpty(), "NextKeyMarker of a truncated page")
	}
	s.Expect(all).To(BeEmpty(), "the listing did not end within 50 pages")
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
	ID:    "version.list.prefix-delimiter",
	Rule:  "V-16",
	Says:  "ListObjectVersions MUST honour prefix and delimiter as listings of objects do.",
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
	},
})

var _ = Add(Scenario{
	ID:    "version.list.encoding",
	Rule:  "V-16",
	Says:  "ListObjectVersions with encoding-type=url MUST encode keys.",
	Ref:   apiVersions,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "a b+é", "v")
		_, out := list(ctx, s, b, func(in *s3.ListObjectVersionsInput) { in.EncodingType = types.EncodingTypeUrl })
		s.Expect(out.Versions).To(HaveLen(1))
		s.Expect(aws.ToString(out.Versions[0].Key)).To(BeElementOf("a+b%2B%C3%A9", "a%20b%2B%C3%A9"))
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
		mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Query: "versions="})
		s.Expect(r).To(OK())
		s.Expect(string(r.Body)).To(ContainSubstring("<DeleteMarker>"))
		s.Expect(string(r.Body)).NotTo(ContainSubstring("<Size>"))
		s.Expect(string(r.Body)).NotTo(ContainSubstring("<ETag>"))
	},
})
