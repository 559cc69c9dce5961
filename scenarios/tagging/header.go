package tagging

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// x-amz-tagging: a set as the parameters of a URL.

// odd are tags whose characters must be encoded there.
var odd = []tag{{"a b", "c=d"}, {"e+f", "g:/h"}, {"empty", ""}, {"größe", "日本 5"}}

var _ = Add(Scenario{
	ID:    "tagging.header.put",
	Rule:  "T-05",
	Says:  "PutObject MUST store the tags of x-amz-tagging, which are encoded as the parameters of a URL.",
	Ref:   api + "API_PutObject.html",
	SDK:   sdk + "PutObjectInput.Tagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Header(header(odd...)[0], header(odd...)[1]))
		s.Expect(err).To(OK())
		expectTags(ctx, s, b, "k", odd...)
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.multipart",
	Rule:  "T-05",
	Says:  "An object MUST have the tags that x-amz-tagging gave to CreateMultipartUpload.",
	Ref:   api + "API_CreateMultipartUpload.html",
	SDK:   sdk + "CreateMultipartUploadInput.Tagging",
	Level: Must,
	Needs: []Feature{Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k"), Tagging: aws.String(header(odd...)[1])})
		s.Expect(err).To(OK(), "CreateMultipartUpload")
		part := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Query: "partNumber=1&uploadId=" + encode(*up.UploadId), Body: []byte("v")})
		must(s, part, "upload a part")
		_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("k"), UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(part.Header.Get("ETag"))}}}})
		s.Must(err, "complete the upload")
		expectTags(ctx, s, b, "k", odd...)
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.copy",
	Rule:  "T-05",
	Says:  "CopyObject with x-amz-tagging-directive: REPLACE MUST store the tags of x-amz-tagging, which are encoded as the parameters of a URL.",
	Ref:   api + "API_CopyObject.html",
	SDK:   sdk + "CopyObjectInput.Tagging",
	Level: Must,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"old", "1"})
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k"),
			TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String(header(odd...)[1])})
		s.Expect(err).To(OK())
		expectTags(ctx, s, b, "copy", odd...)
		expectTags(ctx, s, b, "k", tag{"old", "1"})
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.empty",
	Rule:  "T-05",
	Says:  "An x-amz-tagging that is empty MUST make an object without tags.",
	Ref:   api + "API_CopyObject.html", // whose Tagging has the empty value as its default
	SDK:   sdk + "CopyObjectInput.Tagging",
	Level: Must,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"old", "1"})
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k"),
			TaggingDirective: types.TaggingDirectiveReplace}, Header("x-amz-tagging", ""))
		s.Expect(err).To(OK())
		expectTags(ctx, s, b, "copy")
	},
})

// malformed are values that are no parameters of a URL.
var malformed = []string{"a=%zz", "a=%", "a%4=b", "a=%ff"}

var _ = Add(Scenario{
	ID:    "tagging.header.malformed",
	Rule:  "T-05",
	Says:  "An x-amz-tagging that is not encoded as the parameters of a URL MUST be refused with 400 by PutObject and by CreateMultipartUpload, and nothing be made.",
	Ref:   api + "API_PutObject.html",
	SDK:   sdk + "PutObjectInput.Tagging",
	Level: Must,
	Needs: []Feature{Objects, Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, value := range malformed {
			expectHeaderRefused(ctx, s, b, value, value)
			r := s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "refused", Query: "uploads=", Header: [][2]string{{"x-amz-tagging", value}}})
			s.Expect(r).To(FailWith(400), "CreateMultipartUpload with %s", value)
		}
		out, err := s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b})
		s.Must(err, "list uploads")
		s.Expect(out.Uploads).To(BeEmpty(), "uploads after the refusals")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.elsewhere",
	Rule:  "T-05",
	Says:  "CopyObject that replaces the tags, and CreateMultipartUpload, MUST refuse a set that no object may have with 400 as PutObject does.",
	Ref:   guide + "object-tagging.html",
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", "v")
		for _, c := range [][2]string{{"11 tags", "a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k="}, {"a key twice", "a=1&a=2"}, {"a key that is too long", strings.Repeat("k", 129) + "=v"}} {
			name, tags := c[0], [2]string{"x-amz-tagging", c[1]}
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Header: [][2]string{tags, {"x-amz-copy-source", b + "/source"}, {"x-amz-tagging-directive", "REPLACE"}}})
			s.Expect(r).To(FailWith(400), "CopyObject with %s", name)
			r = s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "k", Query: "uploads=", Header: [][2]string{tags}})
			s.Expect(r).To(FailWith(400), "CreateMultipartUpload with %s", name)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.malformed-code",
	Rule:  "T-05",
	Says:  "An x-amz-tagging that is not encoded as the parameters of a URL, or has a key twice or none, SHOULD be refused with the code InvalidArgument.",
	Ref:   apiErrors, // an argument that is not valid; of this one it says nothing
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, value := range slices.Concat(malformed, []string{"a=1&a=1", "=1"}) {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{{"x-amz-tagging", value}}})
			s.Expect(r).To(FailWith(400, "InvalidArgument"), value)
		}
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.duplicate-code",
	Rule:  "T-05",
	Says:  "An x-amz-tagging that has one key twice SHOULD be refused with the code InvalidArgument, not the InvalidTag of a body.",
	Ref:   apiErrors, // an argument that is not valid; S3's own message of it ends in "without tag name duplicates"
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "refused", Body: []byte("v"), Header: [][2]string{{"x-amz-tagging", "a=1&b=2&a=3"}}})
		s.Expect(r).To(FailWith(400, "InvalidArgument"))
		s.ExpectAbsent(ctx, b, "refused")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.header.plus",
	Rule:  "T-05",
	Says:  "A plus sign in x-amz-tagging SHOULD stand for a space, as in the parameters of a URL.",
	Ref:   api + "API_PutObject.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v", Header("x-amz-tagging", "a=b+c"))
		expectTags(ctx, s, b, "k", tag{"a", "b c"})
	},
})

// letters are tags whose characters are letters, digits, spaces and signs that
// every tag may have.
var letters = []tag{{"größe", "mittel"}, {"色", "あか い"}, {"цвет", "красный"}, {"اللون", "أحمر"}, {"signs", "+ - = . _ : / @ 09"}}

var _ = Add(Scenario{
	ID:    "tagging.unicode.body",
	Rule:  "T-07",
	Says:  "Letters of any script, digits, spaces and + - = . _ : / @ MUST come back in tags as PutObjectTagging gave them.",
	Ref:   guideLimits,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, put(b, "k", letters...))).To(OK())
		expectTags(ctx, s, b, "k", letters...)
	},
})

var _ = Add(Scenario{
	ID:    "tagging.unicode.header",
	Rule:  "T-07",
	Says:  "Letters of any script, digits, spaces and + - = . _ : / @ MUST come back in tags as x-amz-tagging gave them.",
	Ref:   guideLimits,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Header(header(letters...)[0], header(letters...)[1]))
		s.Expect(err).To(OK())
		expectTags(ctx, s, b, "k", letters...)
	},
})
