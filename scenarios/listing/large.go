package listing

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "listing.large",
	Rule:  "L-26",
	Says:  "A bucket of 10,001 keys MUST be listed whole, each key once and in order, in pages of at most 1,000.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-request-uri-querystring-MaxKeys",
	SDK:   sdkV2 + ".MaxKeys",
	Level: Must,
	Needs: []Feature{Listing, Large},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		keys := numbered("k", 10001)
		putAll(ctx, s, b, keys...)
		for _, v := range versions {
			pages := 1
			seen, problem := pageThrough(ctx, s, b, query{V: v}, func(string) { pages++ })
			s.Expect(problem).To(Equal(""), "V%d", v)
			s.Expect(len(seen)).To(Equal(len(keys)), "keys listed, V%d", v)
			s.Expect(seen).To(Equal(keys), "V%d", v)
			s.Expect(pages).To(BeNumerically(">=", 11), "pages, V%d", v)
			s.Observe("pages", pages)
		}
	},
})
