// Package conditional holds the rules of conditional writes: PutObject,
// CompleteMultipartUpload, CopyObject and DeleteObject that depend on the
// key's current ETag.
package conditional

import (
	"context"

	. "bleepstore/scenarios"
)

const refPut = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"

var _ = Add(Scenario{
	ID:    "conditional.put.if-none-match.existing",
	Rule:  "W-01",
	Says:  "PutObject with If-None-Match: * MUST fail with 412 PreconditionFailed when the key exists.",
	Ref:   refPut + "#AmazonS3-PutObject-request-header-IfNoneMatch",
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Put(ctx, b, "k", "new", IfNoneMatch("*"))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.put.if-none-match.absent",
	Rule:  "W-01",
	Says:  "PutObject with If-None-Match: * MUST store the object when the key does not exist.",
	Ref:   refPut + "#AmazonS3-PutObject-request-header-IfNoneMatch",
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "new", IfNoneMatch("*"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})
