package listing

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// a rule about one query over fixed keys.
type shape struct {
	id, rule, says, ref, sdk string
	level                    Level
	keys                     []string
	query                    query
	wantKeys, wantPrefixes   []string
}

// add registers the rule; both versions of the operation are checked.
func (sh shape) add() {
	if sh.level == "" {
		sh.level = Must
	}
	Add(Scenario{
		ID: sh.id, Rule: sh.rule, Says: sh.says, Ref: sh.ref, SDK: sh.sdk, Level: sh.level, Needs: []Feature{Listing},
		Check: func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			putAll(ctx, s, b, sh.keys...)
			for _, v := range versions {
				q := sh.query
				q.V = v
				got := whole(ctx, s, b, q)
				s.Expect(got.Keys).To(Equal(orEmpty(sh.wantKeys)), "keys of %s", q)
				s.Expect(got.Prefixes).To(Equal(orEmpty(sh.wantPrefixes)), "common prefixes of %s", q)
			}
		},
	})
}

func orEmpty(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

var prefixes = []shape{
	{id: "listing.prefix.filters", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A listing with a prefix MUST hold the keys that begin with it and no others.",
		keys:  []string{"phot", "photo", "photo/a", "photos", "aphoto", "Photo"},
		query: query{Prefix: "photo"}, wantKeys: []string{"photo", "photo/a", "photos"}},
	{id: "listing.prefix.unmatched", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A listing with a prefix that no key begins with MUST succeed and be empty.",
		keys:  []string{"a", "b"},
		query: query{Prefix: "c"}},
	{id: "listing.prefix.longer", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A key MUST NOT be listed under a prefix that is longer than the key.",
		keys:  []string{"ab", "abc"},
		query: query{Prefix: "abc"}, wantKeys: []string{"abc"}},
	{id: "listing.prefix.not-a-pattern", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "Characters that are special in patterns MUST stand for themselves in a prefix.",
		keys:  []string{"a%b", "a%c", "a_b", "a*b", "axb"},
		query: query{Prefix: "a%"}, wantKeys: []string{"a%b", "a%c"}},
	{id: "listing.prefix.underscore", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "An underscore in a prefix MUST match an underscore alone.",
		keys:  []string{"a_b", "axb", "a?b"},
		query: query{Prefix: "a_"}, wantKeys: []string{"a_b"}},
	{id: "listing.prefix.case", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A prefix MUST be compared with its case.",
		keys:  []string{"Data/a", "data/a"},
		query: query{Prefix: "data"}, wantKeys: []string{"data/a"}},
	{id: "listing.prefix.upper-case", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A prefix MUST be compared with its case, upper case too.",
		keys:  []string{"DATA/a", "Data/a", "Data/b", "data/a"},
		query: query{Prefix: "Data"}, wantKeys: []string{"Data/a", "Data/b"}},
	{id: "listing.prefix.multi-byte", rule: "L-03", ref: refV2, sdk: sdkV2 + ".Prefix",
		says:  "A prefix outside ASCII MUST be compared by its bytes, without normalising it.",
		keys:  []string{"\u00e9a", "e\u0301a", "\u65e5\u672c/a", "\u65e5\u672c"},
		query: query{Prefix: "\u00e9"}, wantKeys: []string{"\u00e9a"}},
	{id: "listing.prefix.directory", rule: "L-20", ref: refPrefixes,
		says:  "A prefix that ends in the delimiter MUST list the key of that very name, its children, and deeper keys rolled up.",
		keys:  []string{"dir", "dir/", "dir/a", "dir/b", "dir/sub/", "dir/sub/x", "dirt/y"},
		query: query{Prefix: "dir/", Delimiter: "/"}, wantKeys: []string{"dir/", "dir/a", "dir/b"}, wantPrefixes: []string{"dir/sub/"}},
	{id: "listing.prefix.directory.parent", rule: "L-20", ref: refPrefixes,
		says:  "A prefix without the delimiter behind it MUST roll the key that ends in the delimiter up with its children.",
		keys:  []string{"dir/", "dir/a", "dirt"},
		query: query{Prefix: "dir", Delimiter: "/"}, wantKeys: []string{"dirt"}, wantPrefixes: []string{"dir/"}},
}

var _ = func() struct{} {
	for _, sh := range prefixes {
		sh.add()
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "listing.prefix.empty",
	Rule:  "L-03",
	Says:  "An empty prefix MUST be the same as none.",
	Ref:   refV2,
	SDK:   sdkV2 + ".Prefix",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b/c")
		for _, raw := range []string{"prefix=", "list-type=2&prefix="} {
			s.Expect(send(ctx, s, b, raw).keys()).To(Equal([]string{"a", "b/c"}), "?%s", raw)
		}
	},
})
