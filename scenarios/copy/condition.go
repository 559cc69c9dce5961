package copy

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	. "bleepstore/scenarios"
)

const refReads = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"

// facts are what conditions on a source are made of.
type facts struct{ etag, modified, hourAgo string }

func learn(ctx context.Context, s *S, bucket, key string) facts {
	head, err := s.Head(ctx, bucket, key)
	s.Must(err, "head "+key)
	t := aws.ToTime(head.LastModified).UTC()
	return facts{aws.ToString(head.ETag), t.Format(http.TimeFormat), t.Add(-time.Hour).Format(http.TimeFormat)}
}

const other = `"00000000000000000000000000000000"`

func ifMatch(etag string) Opt         { return Header("x-amz-copy-source-if-match", etag) }
func ifNoneMatch(etag string) Opt     { return Header("x-amz-copy-source-if-none-match", etag) }
func ifModifiedSince(at string) Opt   { return Header("x-amz-copy-source-if-modified-since", at) }
func ifUnmodifiedSince(at string) Opt { return Header("x-amz-copy-source-if-unmodified-since", at) }

// conditions are headers about the source and what comes of them. Dates lie at
// the source's Last-Modified or an hour before it, so that no clock matters.
var conditions = []struct {
	name, rule, says, ref, field string
	opts                         func(facts) []Opt
	copied                       bool
}{
	{"if-match.equal", "CP-07", "MUST copy when x-amz-copy-source-if-match is the source's ETag.", refReads, "CopySourceIfMatch",
		func(f facts) []Opt { return []Opt{ifMatch(f.etag)} }, true},
	{"if-match.different", "CP-07", "MUST fail with 412 PreconditionFailed when x-amz-copy-source-if-match is not the source's ETag.", refReads, "CopySourceIfMatch",
		func(f facts) []Opt { return []Opt{ifMatch(other)} }, false},
	{"if-none-match.different", "CP-07", "MUST copy when x-amz-copy-source-if-none-match is not the source's ETag.", refReads, "CopySourceIfNoneMatch",
		func(f facts) []Opt { return []Opt{ifNoneMatch(other)} }, true},
	{"if-none-match.equal", "CP-07", "MUST fail with 412 PreconditionFailed when x-amz-copy-source-if-none-match is the source's ETag.", refReads, "CopySourceIfNoneMatch",
		func(f facts) []Opt { return []Opt{ifNoneMatch(f.etag)} }, false},
	{"if-modified-since.modified", "CP-07", "MUST copy when the source was modified after x-amz-copy-source-if-modified-since.", refReads, "CopySourceIfModifiedSince",
		func(f facts) []Opt { return []Opt{ifModifiedSince(f.hourAgo)} }, true},
	{"if-modified-since.unmodified", "CP-07", "MUST fail with 412 PreconditionFailed when the source was not modified after x-amz-copy-source-if-modified-since.", refReads, "CopySourceIfModifiedSince",
		func(f facts) []Opt { return []Opt{ifModifiedSince(f.modified)} }, false},
	{"if-unmodified-since.unmodified", "CP-07", "MUST copy when the source was not modified after x-amz-copy-source-if-unmodified-since.", refReads, "CopySourceIfUnmodifiedSince",
		func(f facts) []Opt { return []Opt{ifUnmodifiedSince(f.modified)} }, true},
	{"if-unmodified-since.modified", "CP-07", "MUST fail with 412 PreconditionFailed when the source was modified after x-amz-copy-source-if-unmodified-since.", refReads, "CopySourceIfUnmodifiedSince",
		func(f facts) []Opt { return []Opt{ifUnmodifiedSince(f.hourAgo)} }, false},
	{"match-true-unmodified-false", "CP-08", "MUST copy when if-match is true and if-unmodified-since is false.", refHeader + "CopySourceIfMatch", "CopySourceIfMatch",
		func(f facts) []Opt { return []Opt{ifMatch(f.etag), ifUnmodifiedSince(f.hourAgo)} }, true},
	{"none-match-false-modified-true", "CP-08", "MUST fail with 412 PreconditionFailed when if-none-match is false and if-modified-since is true.", refHeader + "CopySourceIfNoneMatch", "CopySourceIfNoneMatch",
		func(f facts) []Opt { return []Opt{ifNoneMatch(f.etag), ifModifiedSince(f.hourAgo)} }, false},
}

var _ = func() struct{} {
	for _, c := range conditions {
		Add(Scenario{
			ID:    "copy.condition." + c.name,
			Rule:  c.rule,
			Says:  "CopyObject " + c.says,
			Ref:   c.ref,
			SDK:   sdk + c.field,
			Level: Must,
			Needs: []Feature{Copy},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "src", "hello")
				_, err := dup(ctx, s, b, "dst", source(b, "src"), c.opts(learn(ctx, s, b, "src"))...)
				if c.copied {
					s.Expect(err).To(OK())
					s.ExpectBody(ctx, b, "dst", "hello")
					return
				}
				s.Expect(err).To(FailWith(412, "PreconditionFailed"))
				s.ExpectAbsent(ctx, b, "dst")
			},
		})
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "copy.condition.of-parts",
	Rule:  "CP-07",
	Says:  "x-amz-copy-source-if-match and -if-none-match MUST know the ETag of a source made of parts as they know any other.",
	Ref:   refReads,
	SDK:   sdk + "CopySourceIfMatch",
	Level: Must,
	Needs: []Feature{Copy, ConditionalRead, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		assemble(ctx, s, b, "src", 1, uploads(ctx, s, b, "src", []byte("hello")))
		etag := learn(ctx, s, b, "src").etag
		_, err := dup(ctx, s, b, "dst", source(b, "src"), ifNoneMatch(etag))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"), "if-none-match with the source's ETag")
		s.ExpectAbsent(ctx, b, "dst")
		_, err = dup(ctx, s, b, "dst", source(b, "src"), ifMatch(etag))
		s.Expect(err).To(OK(), "if-match with the source's ETag")
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})
