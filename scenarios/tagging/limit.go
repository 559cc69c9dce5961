package tagging

import (
	"context"
	"fmt"
	"strings"

	. "bleepstore/scenarios"
)

// What a set of an object's tags may be. Lengths are in characters of the basic
// plane, of which each is one however it is counted: AWS keeps tags in UTF-16.

const wide = "é" // two bytes, one character

var _ = Add(Scenario{
	ID:    "tagging.limit.ten",
	Rule:  "T-02",
	Says:  "An object MUST take 10 tags, from PutObjectTagging as from x-amz-tagging.",
	Ref:   guideTags,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, put(b, "k", numbered(10)...))).To(OK(), "PutObjectTagging")
		expectTags(ctx, s, b, "k", numbered(10)...)
		_, err := s.Put(ctx, b, "h", "v", Header(header(numbered(10)...)[0], header(numbered(10)...)[1]))
		s.Expect(err).To(OK(), "x-amz-tagging")
		expectTags(ctx, s, b, "h", numbered(10)...)
	},
})

var _ = Add(Scenario{
	ID:    "tagging.limit.eleven",
	Rule:  "T-02",
	Says:  "11 tags MUST be refused with 400, by PutObjectTagging as in x-amz-tagging, and change nothing.",
	Ref:   guideTags,
	SDK:   sdk + "Client.PutObjectTagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"a", "1"})
		expectRefused(ctx, s, "11 tags in the body", put(b, "k", numbered(11)...), []tag{{"a", "1"}})
		expectHeaderRefused(ctx, s, b, "11 tags", header(numbered(11)...)[1])
	},
})

var _ = Add(Scenario{
	ID:    "tagging.limit.code",
	Rule:  "T-02",
	Says:  "An 11th tag SHOULD be refused with the code InvalidTag or BadRequest.",
	Ref:   guideTags, // which has the limit, and of the code nothing
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"a", "1"})
		expectRefused(ctx, s, "11 tags", put(b, "k", numbered(11)...), []tag{{"a", "1"}}, "InvalidTag", "BadRequest")
	},
})

// lengths are tags at a limit and one character above it.
var lengths = []struct {
	id, what  string
	fits, not tag
}{
	{"key", "key of 128", tag{strings.Repeat(wide, 128), "v"}, tag{strings.Repeat(wide, 129), "v"}},
	{"value", "value of 256", tag{"a", strings.Repeat(wide, 256)}, tag{"a", strings.Repeat(wide, 257)}},
}

func init() {
	for _, l := range lengths {
		Add(Scenario{
			ID:    "tagging.length." + l.id,
			Rule:  "T-03",
			Says:  fmt.Sprintf("A tag's %s characters MUST be stored, however many bytes they are.", l.what),
			Ref:   guideTags,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "v")
				s.Expect(s.Send(ctx, put(b, "k", l.fits))).To(OK(), "in the body")
				expectTags(ctx, s, b, "k", l.fits)
				_, err := s.Put(ctx, b, "h", "v", Header(header(l.fits)[0], header(l.fits)[1]))
				s.Expect(err).To(OK(), "in x-amz-tagging")
				expectTags(ctx, s, b, "h", l.fits)
			},
		})
		Add(Scenario{
			ID:    "tagging.length." + l.id + "-over",
			Rule:  "T-03",
			Says:  fmt.Sprintf("A tag's %s characters MUST be the longest: one more MUST be refused with 400 InvalidTag and change nothing.", l.what),
			Ref:   apiPut,
			SDK:   sdk + "Client.PutObjectTagging",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := tagged(ctx, s, tag{"old", "1"})
				expectRefused(ctx, s, "one character more", put(b, "k", l.not), []tag{{"old", "1"}}, "InvalidTag")
				expectHeaderRefused(ctx, s, b, "one character more", header(l.not)[1])
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "tagging.length.surrogates",
	Rule:  "T-03",
	Says:  "A value of 200 characters beyond the basic plane, which are 400 units of UTF-16, MAY be refused with 400.",
	Ref:   guide + "tagging-managing.html", // AWS keeps tags in UTF-16, where such a character is two
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Observe("200 letters of U+10400", Outcome(s.Send(ctx, put(b, "k", tag{"a", strings.Repeat("\U00010400", 200)}))))
	},
})

// invalid are sets that no object may have.
var invalid = []struct {
	id, says, ref string
	set           []tag
}{
	{"duplicate", "A set that has one key twice", guideTags, []tag{{"a", "1"}, {"a", "2"}}},
	{"duplicate-equal", "A set that has one key twice, with one value,", guideTags, []tag{{"a", "1"}, {"b", "1"}, {"a", "1"}}},
	{"system", "A key that begins with aws:, which is AWS's own,", guideLimits, []tag{{"aws:a", "1"}}},
	{"empty-key", "A key that is empty", apiPut, []tag{{"", "1"}}},
}

func init() {
	for _, c := range invalid {
		Add(Scenario{
			ID:    "tagging.invalid." + c.id,
			Rule:  "T-04",
			Says:  c.says + " MUST be refused by PutObjectTagging with 400 InvalidTag and change nothing.",
			Ref:   c.ref,
			SDK:   sdk + "Client.PutObjectTagging",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := tagged(ctx, s, tag{"old", "1"})
				expectRefused(ctx, s, "the set", put(b, "k", c.set...), []tag{{"old", "1"}}, "InvalidTag")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "tagging.invalid.header",
	Rule:  "T-04",
	Says:  "A set that no object may have MUST be refused with 400 in x-amz-tagging too, and no object be stored.",
	Ref:   guideTags,
	SDK:   sdk + "PutObjectInput.Tagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, c := range invalid {
			expectHeaderRefused(ctx, s, b, c.id, header(c.set...)[1])
		}
	},
})

// documents are no Tagging.
var documents = []struct{ id, body string }{
	{"not-xml", "tags"},
	{"root", "<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tags>"},
	{"no-set", "<Tagging></Tagging>"},
	{"two-sets", "<Tagging><TagSet></TagSet><TagSet></TagSet></Tagging>"},
	{"no-key", "<Tagging><TagSet><Tag><Value>1</Value></Tag></TagSet></Tagging>"},
	{"no-value", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>"},
	{"truncated", "<Tagging><TagSet><Tag><Key>a</Key>"},
}

var _ = Add(Scenario{
	ID:    "tagging.invalid.document",
	Rule:  "T-04",
	Says:  "A document that does not match the schema of Tagging MUST be refused by PutObjectTagging with 400 MalformedXML and change nothing.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutObjectTagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"old", "1"})
		for _, d := range documents {
			expectRefused(ctx, s, d.id, raw(b, "k", []byte(d.body)), []tag{{"old", "1"}}, "MalformedXML")
		}
	},
})

// expectHeaderRefused demands that PutObject with that x-amz-tagging fails with
// 400 and stores nothing.
func expectHeaderRefused(ctx context.Context, s *S, bucket, what, value string) {
	r := s.Send(ctx, Request{Method: "PUT", Bucket: bucket, Key: "refused", Body: []byte("v"), Header: [][2]string{{"x-amz-tagging", value}}})
	s.Observe(what+" in x-amz-tagging", Outcome(r))
	s.Expect(r).To(FailWith(400), "%s in x-amz-tagging", what)
	s.ExpectAbsent(ctx, bucket, "refused")
}
