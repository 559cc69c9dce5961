package listing

import (
	"context"
	"fmt"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var delimiters = []shape{
	{id: "listing.delimiter.rolls-up", rule: "L-04", ref: refPrefixes,
		says:  "Keys that share the string up to the first delimiter MUST be rolled up into one common prefix and not be listed themselves.",
		keys:  []string{"sample.jpg", "photos/2006/January/a", "photos/2006/February/b", "photos/c", "videos/d"},
		query: query{Delimiter: "/"}, wantKeys: []string{"sample.jpg"}, wantPrefixes: []string{"photos/", "videos/"}},
	{id: "listing.delimiter.behind-prefix", rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
		says:  "The delimiter MUST be looked for behind the prefix alone.",
		keys:  []string{"a/b", "a/bc/d", "a/bc/e", "a/b/x", "a/c/y"},
		query: query{Prefix: "a/b", Delimiter: "/"}, wantKeys: []string{"a/b"}, wantPrefixes: []string{"a/b/", "a/bc/"}},
	{id: "listing.delimiter.absent-from-keys", rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
		says:  "A delimiter that no key holds MUST roll nothing up.",
		keys:  []string{"a", "a-b", "c"},
		query: query{Delimiter: "/"}, wantKeys: []string{"a", "a-b", "c"}},
	{id: "listing.delimiter.leading", rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
		says:  "Keys that begin with the delimiter MUST be rolled up into the delimiter itself.",
		keys:  []string{"-a", "-b", "a"},
		query: query{Delimiter: "-"}, wantKeys: []string{"a"}, wantPrefixes: []string{"-"}},
	{id: "listing.delimiter.repeated", rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
		says:  "Of a delimiter that stands twice in a row the first MUST end the common prefix.",
		keys:  []string{"a--b", "a-c", "a"},
		query: query{Delimiter: "-"}, wantKeys: []string{"a"}, wantPrefixes: []string{"a-"}},
	{id: "listing.delimiter.overlapping", rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
		says:  "A delimiter of several characters MUST be found where it first stands, also where it overlaps itself.",
		keys:  []string{"x---y", "x--z", "x-w", "x----v"},
		query: query{Delimiter: "--"}, wantKeys: []string{"x-w"}, wantPrefixes: []string{"x--"}},
}

// splitters are delimiters that each must work as "/" does.
var splitters = []struct{ name, delimiter string }{
	{"percent", "%"}, {"space", " "}, {"dot", "."}, {"letter", "e"}, {"multi-byte", "\u65e5"},
	{"two", "::"}, {"word", "and"}, {"path", "/x/"},
}

var _ = func() struct{} {
	for _, sh := range delimiters {
		sh.add()
	}
	for _, d := range splitters {
		shape{id: "listing.delimiter.any." + d.name, rule: "L-04", ref: refV2, sdk: sdkV2Out + ".CommonPrefixes",
			says:  fmt.Sprintf("A listing MUST roll up by whatever string is the delimiter: %q.", d.delimiter),
			keys:  []string{"k" + d.delimiter + "1", "k" + d.delimiter + "2" + d.delimiter + "3", "l" + d.delimiter, "m"},
			query: query{Delimiter: d.delimiter}, wantKeys: []string{"m"}, wantPrefixes: []string{"k" + d.delimiter, "l" + d.delimiter},
		}.add()
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "listing.delimiter.empty",
	Rule:  "L-21",
	Says:  "An empty delimiter SHOULD be the same as none.",
	Ref:   "https://github.com/apache/ozone/pull/10586",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b/c")
		for _, raw := range []string{"delimiter=", "list-type=2&delimiter="} {
			s.Expect(send(ctx, s, b, raw).keys()).To(Equal([]string{"a", "b/c"}), "?%s", raw)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.delimiter.counts-one",
	Rule:  "L-05",
	Says:  "A common prefix MUST count as one result against max-keys, however many keys it rolls up.",
	Ref:   refV2,
	SDK:   sdkV2Out + ".CommonPrefixes",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a/1", "a/2", "a/3", "b", "c/1", "c/2", "d")
		for _, v := range versions {
			got := list(ctx, s, b, query{V: v, Delimiter: "/", Max: 2})
			s.Expect(got.entries()).To(BeNumerically("<=", 2), "results on a V%d page of 2", v)
			s.Expect(whole(ctx, s, b, query{V: v, Delimiter: "/", Max: 4}).Prefixes).To(Equal([]string{"a/", "c/"}), "V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.delimiter.never-repeated",
	Rule:  "L-05",
	Says:  "A common prefix MUST NOT come again on a later page.",
	Ref:   refV2,
	SDK:   sdkV2Out + ".Delimiter",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		keys := []string{"a/1", "a/2", "a/3", "a/4", "b/1", "b/2", "c", "d/1/2", "d/1/3", "d/2"}
		putAll(ctx, s, b, keys...)
		for _, v := range versions {
			for _, max := range []int32{1, 2, 3} {
				q := query{V: v, Delimiter: "/", Max: max}
				problem, err := walk(ctx, s, b, q, model(keys, q))
				s.Expect(err).To(OK(), "list %s", q)
				s.Expect(problem).To(Equal(""), "list %s", q)
			}
		}
	},
})
