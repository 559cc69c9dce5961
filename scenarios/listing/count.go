package listing

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "listing.key-count",
	Rule:  "L-09",
	Says:  "KeyCount MUST be the number of keys and common prefixes on the page.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-response-CommonPrefixes",
	SDK:   sdkV2Out + ".CommonPrefixes",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a/1", "a/2", "b", "c/1", "d")
		for _, q := range []query{{V: 2}, {V: 2, Delimiter: "/"}, {V: 2, Delimiter: "/", Max: 3}, {V: 2, Delimiter: "/", Prefix: "a/"}, {V: 2, Prefix: "none"}} {
			got := list(ctx, s, b, q)
			s.Expect(got.Count).NotTo(BeNil(), "KeyCount of %s", q)
			s.Expect(int(*got.Count)).To(Equal(got.entries()), "KeyCount of %s", q)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.truncated",
	Rule:  "L-18",
	Says:  "IsTruncated MUST be false when all results were returned and true when more are left, also where max-keys equals what is left.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-response-IsTruncated",
	SDK:   sdkV2Out + ".IsTruncated",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b/1", "b/2", "c/1", "c/2", "c/3")
		for _, v := range versions {
			for _, q := range []query{{V: v}, {V: v, Max: 5}, {V: v, Max: 6}, {V: v, Max: 7}, {V: v, Delimiter: "/", Max: 2}, {V: v, Delimiter: "/", Max: 3},
				{V: v, Prefix: "b/", Max: 2}, {V: v, Prefix: "b/", Max: 1}, {V: v, Prefix: "none", Max: 1}} {
				all := model([]string{"a", "b/1", "b/2", "c/1", "c/2", "c/3"}, q)
				got := list(ctx, s, b, q)
				s.Expect(got.Truncated).To(Equal(got.entries() < len(all)), "IsTruncated of %s with %d of %d results", q, got.entries(), len(all))
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.max-keys.zero",
	Rule:  "L-10",
	Says:  "A listing with max-keys=0 SHOULD be empty and not truncated.",
	Ref:   "https://github.com/floci-io/floci/pull/3510",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b")
		for _, raw := range []string{"max-keys=0", "list-type=2&max-keys=0"} {
			got := send(ctx, s, b, raw)
			s.Expect(got.Contents).To(BeEmpty(), "?%s", raw)
			s.Expect(got.IsTruncated).To(BeFalse(), "IsTruncated of ?%s", raw)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.max-keys.cap",
	Rule:  "L-11",
	Says:  "A page MUST NOT hold more than 1,000 keys, whether max-keys asks for more or is absent, and those behind it follow on the next.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-request-uri-querystring-MaxKeys",
	SDK:   sdkV2 + ".MaxKeys",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, numbered("k", 1001)...)
		for _, raw := range []string{"list-type=2", "list-type=2&max-keys=1001", "list-type=2&max-keys=2147483647", "max-keys=1001"} {
			got := send(ctx, s, b, raw)
			s.Expect(len(got.Contents)).To(BeNumerically("<=", 1000), "keys on a page of ?%s", raw)
			s.Expect(got.IsTruncated).To(BeTrue(), "IsTruncated of ?%s over 1,001 keys", raw)
		}
		for _, version := range []int{1, 2} {
			all := whole(ctx, s, b, query{V: version})
			s.Expect(len(all.Keys)).To(Equal(1001), "keys on all pages, version %d", version)
			s.Expect(len(slices.Compact(slices.Clone(all.Keys)))).To(Equal(1001), "different keys on all pages, version %d", version)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.max-keys.echoed",
	Rule:  "L-11",
	Says:  "MaxKeys SHOULD be returned as it holds: as sent up to 1000, as 1000 above or when absent.",
	Ref:   "https://github.com/flyology-ada/flyology-object-storage/issues/58",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for raw, want := range map[string]int{"list-type=2": 1000, "list-type=2&max-keys=7": 7, "list-type=2&max-keys=1001": 1000, "max-keys=2000": 1000, "max-keys=7": 7, "": 1000} {
			got := send(ctx, s, b, raw)
			s.Expect(got.MaxKeys).To(HaveValue(Equal(want)), "MaxKeys of ?%s", raw)
		}
	},
})

// badLimits are no limits that S3 knows.
var badLimits = []struct{ name, value string }{
	{"negative", "-1"}, {"text", "abc"}, {"overflow", "2147483648"},
}

var _ = func() struct{} {
	for _, bad := range badLimits {
		Add(Scenario{
			ID:    "listing.max-keys." + bad.name,
			Rule:  "L-12",
			Says:  fmt.Sprintf("A listing with max-keys=%s SHOULD be refused with 400 InvalidArgument.", bad.value),
			Ref:   "https://github.com/brekkylab/backlot/issues/192",
			Level: Should,
			Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				for _, v := range []string{"", "list-type=2&"} {
					r := s.Send(ctx, Request{Bucket: b, Query: v + "max-keys=" + bad.value})
					s.Expect(r).To(FailWith(400, "InvalidArgument"), "?%smax-keys=%s", v, bad.value)
				}
			},
		})
	}
	return struct{}{}
}()
