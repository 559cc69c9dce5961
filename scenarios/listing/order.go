package listing

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// orders are keys in the order in which they must be listed.
var orders = []struct {
	name string
	what string
	keys []string
}{
	{"bytes", "also beyond the Basic Multilingual Plane, where UTF-16 sorts otherwise", []string{"z", "\u00e9", "\uff5e", "\ufffd", "\U00010000", "\U0001f600"}},
	{"punctuation", "with the delimiter in its place among other characters", []string{"a!", "a-", "a-b", "a.", "a/", "a/b", "a0", "aa", "a~"}},
	{"case", "upper case before lower case", []string{"A", "B", "Z", "_", "a", "b", "z"}},
	{"length", "a key before those that it begins", []string{"1", "10", "100", "2", "20", "a", "aa", "aaa", "ab"}},
	{"marks", "without normalising accents", []string{"e", "ea", "ez", "e\u0301", "f", "\u00e9"}},
}

var _ = func() struct{} {
	for _, o := range orders {
		Add(Scenario{
			ID:    "listing.order." + o.name,
			Rule:  "L-01",
			Says:  "Keys MUST be listed in the binary order of their UTF-8 form, " + o.what + ".",
			Ref:   refKeys,
			Level: Must,
			Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				shuffled := append([]string{}, o.keys...)
				s.Rand().Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				putAll(ctx, s, b, shuffled...)
				for _, v := range versions {
					s.Expect(whole(ctx, s, b, query{V: v}).Keys).To(Equal(o.keys), "ListObjects V%d", v)
				}
			},
		})
	}
	return struct{}{}
}()
