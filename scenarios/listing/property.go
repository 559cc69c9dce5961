package listing

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	. "bleepstore/scenarios"
)

// sizes of the property: enough for prefixes to nest and pages to cut them,
// few enough to stay fast.
const (
	propertyKeys    = 70
	propertyQueries = 20
	shrinkBudget    = 200
)

// alphabets are what the random keys are made of. None has "+", which has a
// rule of its own where names are encoded.
var alphabets = []struct {
	name    string
	letters []string
}{
	{"printable", strings.Split("abcxyzABZ0129-_.~!()'*&$@=;:,?<>\"% /", "")},
	{"multi-byte", []string{"a", "z", "/", "é", "e\u0301", "ß", "日", "本", "\u07ff", "\u0800", "\uff5e", "\ufffd", "\U00010000", "\U0001f600"}},
	{"delimiters", []string{"a", "b", "/", "/", "-", "--", "|"}},
}

var _ = func() struct{} {
	for _, a := range alphabets {
		Add(Scenario{
			ID:    "listing.property." + a.name,
			Rule:  "L-02",
			Says:  "For any keys, prefix, delimiter, start and page size the pages of a listing MUST together be the matching keys and common prefixes, in order, each exactly once (keys: " + a.name + ").",
			Ref:   refV2,
			SDK:   sdkV2Out + ".CommonPrefixes",
			Level: Must,
			Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				stage := &stage{s: s, bucket: s.Bucket(ctx)}
				keys := randomKeys(s.Rand(), a.letters, propertyKeys)
				stage.hold(ctx, keys)
				for range propertyQueries {
					q := randomQuery(s.Rand(), keys)
					s.Expect(stage.judge(ctx, keys, q)).To(agree{})
				}
			},
		})
	}
	return struct{}{}
}()

// A stage is a bucket whose keys can be changed from try to try.
type stage struct {
	s      *S
	bucket string
	held   []string
}

// hold makes the bucket hold exactly keys.
func (st *stage) hold(ctx context.Context, keys []string) {
	not := func(in []string) func(string) bool { return func(k string) bool { return slices.Contains(in, k) } }
	deleteAll(ctx, st.s, st.bucket, slices.DeleteFunc(slices.Clone(st.held), not(keys))...)
	putAll(ctx, st.s, st.bucket, slices.DeleteFunc(slices.Clone(keys), not(st.held))...)
	st.held = keys
}

// judge runs one query to its end; a departure from the model comes back as
// small as it could be made.
func (st *stage) judge(ctx context.Context, keys []string, q query) *counterexample {
	try := func(keys []string, q query) string {
		st.hold(ctx, keys)
		problem, err := walk(ctx, st.s, st.bucket, q, model(keys, q))
		if err != nil {
			st.s.Expect(err).To(OK(), "list %s of keys %q", q, keys)
		}
		return problem
	}
	problem := try(keys, q)
	if problem == "" {
		return nil
	}
	c := &counterexample{keys, q, problem}
	c.shrink(shrinkBudget, try)
	return c
}

// randomKeys returns n different keys; half of them grow out of an earlier one,
// so that prefixes nest.
func randomKeys(r *rand.Rand, letters []string, n int) []string {
	var keys []string
	for tries := 0; len(keys) < n && tries < 100*n; tries++ {
		key := ""
		if len(keys) > 0 && r.IntN(2) == 0 {
			key = keys[r.IntN(len(keys))]
		}
		key += word(r, letters, 1+r.IntN(6))
		if len(key) <= 60 && usual(key) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// usual is false for keys that rules of their own are about, so that a server
// that mistakes those does not fail here too.
func usual(key string) bool {
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return key[0] != '/' && !strings.Contains(key, "//")
}

func word(r *rand.Rand, letters []string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(letters[r.IntN(len(letters))])
	}
	return b.String()
}

var pageSizes = []int32{1, 2, 3, 4, 5, 7, 11, 20, 69, 70, 71, 999, 1000}

// randomQuery returns a query that has a fair chance to cut into the keys. It
// starts behind a key or a common prefix, never strictly inside a prefix: what
// else a start may be is for rules L-06 to L-08.
func randomQuery(r *rand.Rand, keys []string) query {
	q := query{V: 1 + r.IntN(2), Max: pageSizes[r.IntN(len(pageSizes))], Encoded: r.IntN(2) == 0}
	if r.IntN(3) > 0 {
		q.Prefix = piece(r, keys[r.IntN(len(keys))], 0)
	}
	switch r.IntN(4) {
	case 0, 1:
		q.Delimiter = "/"
	case 2:
		key := keys[r.IntN(len(keys))]
		q.Delimiter = piece(r, key, r.IntN(len([]rune(key))))
	}
	all := model(keys, q)
	switch r.IntN(4) {
	case 0:
		q.After = keys[r.IntN(len(keys))]
	case 1:
		if len(all) > 0 {
			q.After = all[r.IntN(len(all))].Name
		}
	}
	for _, e := range all {
		if e.Rolled && q.After != e.Name && strings.HasPrefix(q.After, e.Name) {
			q.After = e.Name
		}
	}
	return q
}

// piece cuts up to three characters out of key, from the given one on.
func piece(r *rand.Rand, key string, from int) string {
	runes := []rune(key)[from:]
	return string(runes[:min(1+r.IntN(3), len(runes))])
}
