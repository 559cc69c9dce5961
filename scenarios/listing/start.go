package listing

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// A from is a rule about where a listing starts, checked on the version that
// documents it.
type from struct {
	id, rule, says, ref, sdk string
	level                    Level
	keys                     []string
	query                    query
	wantKeys, wantPrefixes   []string
}

var starts = []from{
	{id: "listing.start-after.exclusive", rule: "L-08", level: Must, ref: refV2, sdk: sdkV2 + ".StartAfter",
		says: "A listing MUST start behind the key given as start-after, not with it.",
		keys: []string{"a", "b", "c", "d"}, query: query{V: 2, After: "b"}, wantKeys: []string{"c", "d"}},
	{id: "listing.start-after.absent", rule: "L-08", level: Should, ref: "https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_s3.py",
		says: "A start-after that is no key SHOULD start the listing where it would stand.",
		keys: []string{"a", "b", "d"}, query: query{V: 2, After: "c"}, wantKeys: []string{"d"}},
	{id: "listing.start-after.prefix", rule: "L-08", level: Must, ref: refV2, sdk: sdkV2 + ".StartAfter",
		says: "Prefix and start-after MUST both apply.",
		keys: []string{"a/1", "b/1", "b/2", "b/3", "c/1"}, query: query{V: 2, Prefix: "b/", After: "b/1"}, wantKeys: []string{"b/2", "b/3"}},
	{id: "listing.start-after.inside-prefix", rule: "L-06", level: Must, ref: refV2, sdk: sdkV2 + ".Delimiter",
		says: "A common prefix that is not greater than start-after MUST NOT be listed.",
		keys: []string{"a", "b/1", "b/2", "b/3", "c"}, query: query{V: 2, Delimiter: "/", After: "b/2"}, wantKeys: []string{"c"}},
	{id: "listing.start-after.is-prefix", rule: "L-06", level: Must, ref: refV2, sdk: sdkV2 + ".Delimiter",
		says: "The common prefix given as start-after MUST NOT be listed.",
		keys: []string{"a", "b/1", "b/2", "c"}, query: query{V: 2, Delimiter: "/", After: "b/"}, wantKeys: []string{"c"}},
	{id: "listing.marker.exclusive", rule: "L-07", level: Must, ref: refV1, sdk: sdkV1 + ".Marker",
		says: "A listing MUST start behind the key given as marker, not with it.",
		keys: []string{"a", "b", "c", "d"}, query: query{V: 1, After: "b"}, wantKeys: []string{"c", "d"}},
	{id: "listing.marker.absent", rule: "L-07", level: Should, ref: "https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_s3.py",
		says: "A marker that is no key SHOULD start the listing where it would stand.",
		keys: []string{"a", "b", "d"}, query: query{V: 1, After: "c"}, wantKeys: []string{"d"}},
	{id: "listing.marker.past-the-end", rule: "L-07", level: Must, ref: refV1, sdk: sdkV1 + ".Marker",
		says: "A listing behind the last key MUST be empty and not truncated.",
		keys: []string{"a", "b"}, query: query{V: 1, After: "b", Max: 1}},
	{id: "listing.marker.inside-prefix", rule: "L-06", level: Must, ref: refV1, sdk: sdkV1 + ".Delimiter",
		says: "A common prefix that is not greater than the marker MUST NOT be listed.",
		keys: []string{"a", "b/1", "b/2", "b/3", "c"}, query: query{V: 1, Delimiter: "/", After: "b/2"}, wantKeys: []string{"c"}},
	{id: "listing.marker.is-prefix", rule: "L-06", level: Must, ref: refV1, sdk: sdkV1 + ".Delimiter",
		says: "With a common prefix as marker the listing MUST go on behind all keys that it rolls up.",
		keys: []string{"asdf", "boo/bar", "boo/baz/xyzzy", "cquux/bla", "cquux/thud"}, query: query{V: 1, Delimiter: "/", After: "boo/", Max: 1}, wantPrefixes: []string{"cquux/"}},
}

var _ = func() struct{} {
	for _, f := range starts {
		Add(Scenario{
			ID: f.id, Rule: f.rule, Says: f.says, Ref: f.ref, SDK: f.sdk, Level: f.level, Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				putAll(ctx, s, b, f.keys...)
				got := whole(ctx, s, b, f.query)
				s.Expect(got.Keys).To(Equal(orEmpty(f.wantKeys)), "keys of %s", f.query)
				s.Expect(got.Prefixes).To(Equal(orEmpty(f.wantPrefixes)), "common prefixes of %s", f.query)
			},
		})
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "listing.marker.echoed",
	Rule:  "L-07",
	Says:  "ListObjects MUST return the Marker that was sent.",
	Ref:   refV1 + "#AmazonS3-ListObjects-response-Marker",
	SDK:   sdkV1Out + ".Marker",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b")
		out, err := s.SDK().ListObjects(ctx, &s3.ListObjectsInput{Bucket: &b, Marker: aws.String("a")})
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.Marker)).To(Equal("a"))
	},
})

var _ = Add(Scenario{
	ID:    "listing.next-marker.with-delimiter",
	Rule:  "L-07",
	Says:  "A truncated ListObjects with a delimiter MUST return NextMarker, from which the next page follows.",
	Ref:   refV1 + "#AmazonS3-ListObjects-response-NextMarker",
	SDK:   sdkV1Out + ".NextMarker",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b/1", "b/2", "c", "d/1")
		q := query{V: 1, Delimiter: "/", Max: 2}
		rest := model([]string{"a", "b/1", "b/2", "c", "d/1"}, q)
		first := list(ctx, s, b, q)
		s.Expect(first.check(q, rest)).To(Equal(""), "the first page")
		s.Expect(first.Next).NotTo(BeEmpty(), "NextMarker of a page of 2 of 4 results")
		second, err := fetch(ctx, s, b, q, first.Next)
		s.Expect(err).To(OK(), "the page behind %q", first.Next)
		s.Expect(second.check(q, rest[first.entries():])).To(Equal(""), "the page behind %q", first.Next)
		s.Expect(second.Truncated).To(Equal(second.Next != ""), "a NextMarker on the page behind %q: %q", first.Next, second.Next)
	},
})

var _ = Add(Scenario{
	ID:    "listing.next-marker.without-delimiter",
	Rule:  "L-07",
	Says:  "ListObjects without a delimiter MUST NOT return NextMarker; the last key serves as the marker.",
	Ref:   refV1 + "#AmazonS3-ListObjects-response-NextMarker",
	SDK:   sdkV1Out + ".NextMarker",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b", "c")
		first := list(ctx, s, b, query{V: 1, Max: 2})
		s.Expect(first.Truncated).To(BeTrue(), "2 of 3 keys")
		s.Expect(first.Next).To(BeEmpty(), "NextMarker")
		s.Expect(list(ctx, s, b, query{V: 1, Max: 2, After: "b"}).Keys).To(Equal([]string{"c"}), "marker=b")
	},
})
