package conditional

import (
	"context"
	"strings"

	. "bleepstore/scenarios"
)

// The forms that a condition's value can take.

var _ = Add(Scenario{
	ID:    "conditional.put.if-match.unquoted",
	Rule:  "W-03",
	Says:  "PutObject with If-Match MAY carry the ETag without its quotes.",
	Ref:   guideWrites,
	Level: Should,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		bare := strings.Trim(etag(ctx, s, b, "k"), `"`)
		s.Expect(put(ctx, s, b, "k", "new", IfMatch(bare))).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.put.if-none-match.etag",
	Rule:  "W-02",
	Says:  "PutObject whose If-None-Match names the key's current ETag MUST NOT write; which error refuses it is recorded.",
	Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2",
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		err := put(ctx, s, b, "k", "new", IfNoneMatch(etag(ctx, s, b, "k")))
		s.Observe("If-None-Match with the current ETag", Outcome(err))
		s.Expect(err).NotTo(OK())
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.put.if-match.star",
	Rule:  "W-05",
	Says:  "PutObject with If-Match: * MAY be accepted or refused; what the server does is recorded.",
	Ref:   api + "API_PutObject.html#API_PutObject_RequestSyntax",
	Level: Info,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Observe("If-Match: * on an existing key", Outcome(put(ctx, s, b, "k", "new", IfMatch("*"))))
		s.Observe("If-Match: * on an absent key", Outcome(put(ctx, s, b, "absent", "new", IfMatch("*"))))
	},
})

var _ = Add(Scenario{
	ID:    "conditional.put.both",
	Rule:  "W-06",
	Says:  "PutObject with both If-Match and If-None-Match MUST NOT write against either condition; which error refuses it is recorded.",
	Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2",
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		err := put(ctx, s, b, "k", "new", IfMatch(etag(ctx, s, b, "k")), IfNoneMatch("*"))
		s.Observe("If-Match of the current ETag with If-None-Match: *", Outcome(err))
		s.Expect(err).NotTo(OK())
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.put.if-none-match.anonymous",
	Rule:  "W-22",
	Says:  "A conditional write SHOULD be refused when it is neither signed nor sent over TLS.",
	Ref:   guideWrites,
	Level: Should,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k2", Body: []byte("new"), As: Anonymous,
			Header: [][2]string{{"If-None-Match", "*"}}})
		s.Expect(r).To(FailWith(403))
		s.ExpectAbsent(ctx, b, "k2")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.complete.upload-survives",
	Rule:  "W-12",
	Says:  "An upload whose completion failed with 412 SHOULD still exist, so that it can be completed or aborted.",
	Ref:   guideWrites,
	Level: Should,
	Needs: []Feature{ConditionalWrite, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		u := begin(ctx, s, b, "k", "new")
		s.Expect(u.complete(ctx, s, IfNoneMatch("*"))).To(FailWith(412, "PreconditionFailed"))
		s.ExpectUnchanged(ctx, b, "k", "old")
		s.Expect(u.complete(ctx, s, IfMatch(etag(ctx, s, b, "k")))).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})
