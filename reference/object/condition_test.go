package object

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

func TestParseETags(t *testing.T) {
	for in, want := range map[string]etagSet{
		"*":                  {any: true},
		" * ":                {any: true},
		`"a"`:                {tags: []etag{{value: "a"}}},
		`a`:                  {tags: []etag{{value: "a"}}},
		`W/"a"`:              {tags: []etag{{value: "a", weak: true}}},
		`"a", W/"b",c , "d"`: {tags: []etag{{value: "a"}, {value: "b", weak: true}, {value: "c"}, {value: "d"}}},
		`"a,b"`:              {tags: []etag{{value: "a,b"}}},
		`"*"`:                {tags: []etag{{value: "*"}}},
		`"a`:                 {tags: []etag{{value: "a"}}},
		`""`:                 {tags: []etag{{value: ""}}},
		`, ,`:                {},
		``:                   {},
	} {
		if diff := cmp.Diff(want, parseETags(in), cmp.AllowUnexported(etagSet{}, etag{})); diff != "" {
			t.Errorf("parseETags(%q): -want +got\n%s", in, diff)
		}
	}
}

// Whatever list a client sends, a tag is found in it exactly when it was put there.
func TestParseETagsFindsWhatWasListed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(`[0-9a-f]{1,6}(-[0-9])?`), 1, 5).Draw(t, "tags")
		var parts []string
		strong, weak := map[string]bool{}, map[string]bool{}
		for _, v := range values {
			switch rapid.IntRange(0, 2).Draw(t, "form") {
			case 0:
				parts, strong[v] = append(parts, `"`+v+`"`), true
			case 1:
				parts, strong[v] = append(parts, v), true
			case 2:
				parts, weak[v] = append(parts, `W/"`+v+`"`), true
			}
		}
		h := strings.Join(parts, rapid.SampledFrom([]string{",", ", ", " ,\t"}).Draw(t, "comma"))
		asked := rapid.SampledFrom(append(values, "absent")).Draw(t, "asked")
		set := parseETags(h)
		if got, want := set.matches(asked, false), strong[asked]; got != want {
			t.Fatalf("strong match of %q in %s: %v, want %v", asked, h, got, want)
		}
		if got, want := set.matches(asked, true), strong[asked] || weak[asked]; got != want {
			t.Fatalf("weak match of %q in %s: %v, want %v", asked, h, got, want)
		}
	})
}

// The table of RFC 9110 section 13.2.2 written a second time, as the numbered
// steps that it is there.
func conditionModel(c Conditions, v *Version, now time.Time) outcome {
	etagIn := func(h string) bool { return h == "*" || strings.Contains(h, `"`+v.ETag+`"`) }
	mod := v.Modified.Unix()
	if c.IfMatch != "" && !etagIn(c.IfMatch) { // 1
		return failed
	}
	if c.IfMatch == "" && !c.IfUnmodifiedSince.IsZero() && mod > c.IfUnmodifiedSince.Unix() { // 2
		return failed
	}
	if c.IfNoneMatch != "" && etagIn(c.IfNoneMatch) { // 3
		return notModified
	}
	future := c.IfModifiedSince.After(now)
	if c.IfNoneMatch == "" && !c.IfModifiedSince.IsZero() && !future && mod <= c.IfModifiedSince.Unix() { // 4
		return notModified
	}
	return proceed
}

func TestReadConditionsMatchTheModel(t *testing.T) {
	modified := time.Date(2026, 3, 4, 5, 6, 7, 890e6, time.UTC)
	now := modified.Add(time.Hour)
	dates := []time.Time{{}, modified.Add(-time.Hour), modified.Truncate(time.Second).Add(-time.Second),
		modified.Truncate(time.Second), modified.Truncate(time.Second).Add(time.Second), now.Add(time.Hour)}
	headers := []string{"", "*", `"same"`, `"other"`, `"other", "same"`}
	v := &Version{ETag: "same", Modified: modified}
	for _, im := range headers {
		for _, inm := range headers {
			for _, ius := range dates {
				for _, ims := range dates {
					c := Conditions{IfMatch: im, IfNoneMatch: inm, IfUnmodifiedSince: ius, IfModifiedSince: ims}
					if got, _ := c.check(v, now); got != conditionModel(c, v, now) {
						t.Errorf("%+v: got outcome %d, want %d", c, got, conditionModel(c, v, now))
					}
				}
			}
		}
	}
}

// The combinations that S3's own documentation spells out.
func TestDocumentedCombinations(t *testing.T) {
	modified := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	now := modified.Add(24 * time.Hour)
	before, after := modified.Add(-time.Hour), modified.Add(time.Hour)
	v := &Version{ETag: "e", Modified: modified, Attributes: Attributes{CacheControl: "no-cache"}, ID: "v1"}
	for name, c := range map[string]struct {
		cond       Conditions
		read, copy errcode.Code
	}{
		"if-match true, if-unmodified-since false":       {Conditions{IfMatch: `"e"`, IfUnmodifiedSince: before}, "", ""},
		"if-none-match false, if-modified-since true":    {Conditions{IfNoneMatch: `"e"`, IfModifiedSince: before}, errcode.NotModified, errcode.PreconditionFailed},
		"if-none-match true, if-modified-since false":    {Conditions{IfNoneMatch: `"x"`, IfModifiedSince: after}, "", ""},
		"if-modified-since later than the object":        {Conditions{IfModifiedSince: after}, errcode.NotModified, errcode.PreconditionFailed},
		"if-modified-since in the future":                {Conditions{IfModifiedSince: now.Add(time.Hour)}, "", ""},
		"if-unmodified-since earlier than the object":    {Conditions{IfUnmodifiedSince: before}, errcode.PreconditionFailed, errcode.PreconditionFailed},
		"weak tag in if-match":                           {Conditions{IfMatch: `W/"e"`}, errcode.PreconditionFailed, errcode.PreconditionFailed},
		"weak tag in if-none-match":                      {Conditions{IfNoneMatch: `W/"e"`}, errcode.NotModified, errcode.PreconditionFailed},
		"if-match false wins over if-none-match equal":   {Conditions{IfMatch: `"x"`, IfNoneMatch: `"e"`}, errcode.PreconditionFailed, errcode.PreconditionFailed},
		"unquoted if-match":                              {Conditions{IfMatch: `e`}, "", ""},
		"if-none-match star on what exists":              {Conditions{IfNoneMatch: `*`}, errcode.NotModified, errcode.PreconditionFailed},
		"if-unmodified-since equal to the second stored": {Conditions{IfUnmodifiedSince: modified}, "", ""},
	} {
		if got := errcode.Of(c.cond.checkRead(v, true, now)); got != c.read {
			t.Errorf("%s: read got %q, want %q", name, got, c.read)
		}
		if got := errcode.Of(c.cond.checkCopy(v, now)); got != c.copy {
			t.Errorf("%s: copy got %q, want %q", name, got, c.copy)
		}
	}
	e := notModifiedError(v, true)
	want := []errcode.Field{{Name: "ETag", Value: `"e"`}, {Name: "Last-Modified", Value: "Wed, 04 Mar 2026 05:06:07 GMT"},
		{Name: "Cache-Control", Value: "no-cache"}, {Name: "x-amz-version-id", Value: "v1"}}
	if diff := cmp.Diff(want, e.Header); diff != "" {
		t.Errorf("headers of a 304: -want +got\n%s", diff)
	}
}

func TestWriteConditionCompiles(t *testing.T) {
	for _, c := range []struct {
		in   WriteCondition
		want meta.WriteCondition
		code errcode.Code
	}{
		{WriteCondition{}, meta.WriteCondition{}, ""},
		{WriteCondition{IfNoneMatch: "*"}, meta.WriteCondition{IfNoneMatch: "*"}, ""},
		{WriteCondition{IfNoneMatch: `"a"`}, meta.WriteCondition{}, errcode.NotImplemented},
		{WriteCondition{IfNoneMatch: `"*"`}, meta.WriteCondition{}, errcode.NotImplemented},
		{WriteCondition{IfMatch: `"a"`}, meta.WriteCondition{IfMatch: "a"}, ""},
		{WriteCondition{IfMatch: `a`}, meta.WriteCondition{IfMatch: "a"}, ""},
		{WriteCondition{IfMatch: `*`}, meta.WriteCondition{IfMatch: "*"}, ""},
		{WriteCondition{IfMatch: `"*"`}, meta.WriteCondition{IfMatch: `"*"`}, ""},
		{WriteCondition{IfMatch: `""`}, meta.WriteCondition{IfMatch: `""`}, ""},
		{WriteCondition{IfMatch: `W/"a"`}, meta.WriteCondition{IfMatch: `W/"a"`}, ""},
		{WriteCondition{IfMatch: `"a", "b"`}, meta.WriteCondition{}, errcode.NotImplemented},
		{WriteCondition{IfMatch: ` , `}, meta.WriteCondition{}, errcode.NotImplemented},
		{WriteCondition{IfMatch: `"a"`, IfNoneMatch: "*"}, meta.WriteCondition{}, errcode.NotImplemented},
	} {
		got, err := c.in.compile()
		if errcode.Of(err) != c.code {
			t.Errorf("%+v: got error %v, want code %q", c.in, err, c.code)
		}
		if c.code == "" && got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.in, got, c.want)
		}
	}
}
