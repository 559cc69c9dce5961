package listing

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "listing.token.continues",
	Rule:  "L-08",
	Says:  "NextContinuationToken MUST be sent when IsTruncated is true, and a request with it MUST return the results behind the page.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-response-NextContinuationToken",
	SDK:   sdkV2Out + ".NextContinuationToken",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b", "c")
		q := query{V: 2, Max: 2}
		rest := model([]string{"a", "b", "c"}, q)
		first := list(ctx, s, b, q)
		s.Expect(first.check(q, rest)).To(Equal(""), "the first page")
		s.Expect(first.Next).NotTo(BeEmpty(), "NextContinuationToken of a page of 2 of 3 keys")
		second, err := fetch(ctx, s, b, q, first.Next)
		s.Expect(err).To(OK(), "the second page")
		s.Expect(second.check(q, rest[first.entries():])).To(Equal(""), "the second page")
		s.Expect(second.Truncated).To(Equal(second.Next != ""), "a NextContinuationToken on the second page: %q", second.Next)
	},
})

var _ = Add(Scenario{
	ID:    "listing.token.opaque",
	Rule:  "L-08",
	Says:  "NextContinuationToken MUST be obfuscated: it is not a key.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-response-NextContinuationToken",
	SDK:   sdkV2Out + ".NextContinuationToken",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "one", "three", "two")
		first := list(ctx, s, b, query{V: 2, Max: 1})
		s.Expect(first.Next).NotTo(BeEmpty(), "NextContinuationToken")
		s.Expect([]string{"one", "three", "two"}).NotTo(ContainElement(first.Next), "NextContinuationToken")
	},
})

var _ = Add(Scenario{
	ID:    "listing.token.echoed",
	Rule:  "L-08",
	Says:  "ListObjectsV2 MUST return the ContinuationToken and the StartAfter that were sent.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-response-ContinuationToken",
	SDK:   sdkV2Out + ".ContinuationToken",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b", "c")
		in := &s3.ListObjectsV2Input{Bucket: &b, MaxKeys: aws.Int32(1), StartAfter: aws.String("a")}
		out, err := s.SDK().ListObjectsV2(ctx, in)
		s.Expect(err).To(OK(), "the first page")
		s.Expect(aws.ToString(out.StartAfter)).To(Equal("a"), "StartAfter")
		in.ContinuationToken = out.NextContinuationToken
		out, err = s.SDK().ListObjectsV2(ctx, in)
		s.Expect(err).To(OK(), "the second page")
		s.Expect(aws.ToString(out.ContinuationToken)).To(Equal(aws.ToString(in.ContinuationToken)), "ContinuationToken")
	},
})

var _ = Add(Scenario{
	ID:    "listing.token.wins",
	Rule:  "L-08",
	Says:  "A start-after SHOULD be ignored once a continuation token is given.",
	Ref:   "https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_s3.py",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b", "c", "d")
		first := list(ctx, s, b, query{V: 2, Max: 1})
		second, err := fetch(ctx, s, b, query{V: 2, After: "c"}, first.Next)
		s.Expect(err).To(OK(), "a token with another start-after")
		s.Expect(second.Keys).To(Equal([]string{"b", "c", "d"}))
	},
})

var _ = Add(Scenario{
	ID:    "listing.token.invalid",
	Rule:  "L-13",
	Says:  "A continuation token that the server did not issue SHOULD be refused with 400 InvalidArgument.",
	Ref:   "https://github.com/versity/versitygw/issues/993",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a")
		for _, token := range []string{"aWrongToken", "a", "!%2F"} {
			r := s.Send(ctx, Request{Bucket: b, Query: "list-type=2&continuation-token=" + token})
			s.Expect(r).To(FailWith(400, "InvalidArgument"), "token %s", token)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.token.empty",
	Rule:  "L-13",
	Says:  "An empty continuation token MAY be refused or be taken for none.",
	Ref:   "https://github.com/minio/minio/issues/5931",
	Level: Info,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a")
		r := s.Send(ctx, Request{Bucket: b, Query: "list-type=2&continuation-token="})
		s.Observe("answer to an empty continuation token", answer(r))
	},
})
