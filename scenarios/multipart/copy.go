package multipart

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// copyPart copies a part from a source, given as x-amz-copy-source.
func (u upload) copyPart(ctx context.Context, number int, source string, header ...[2]string) *Response {
	return u.s.Send(ctx, Request{Method: "PUT", Bucket: u.bucket, Key: u.key, Query: u.query(fmt.Sprintf("partNumber=%d", number)),
		Header: append([][2]string{{"x-amz-copy-source", source}}, header...)})
}

// copied reads the ETag out of a CopyPartResult.
func copied(s *S, r *Response) string {
	var out struct {
		XMLName      xml.Name `xml:"CopyPartResult"`
		ETag         string
		LastModified string
	}
	s.Expect(r).To(OK(), "UploadPartCopy")
	s.Expect(xml.Unmarshal(r.Body, &out)).To(Succeed(), "CopyPartResult in %q", r.Body)
	s.Expect(out.ETag).NotTo(BeEmpty(), "ETag of CopyPartResult")
	s.Expect(out.LastModified).NotTo(BeEmpty(), "LastModified of CopyPartResult")
	return out.ETag
}

// sourceSize is above the size from which AWS lets a range be copied.
const sourceSize = minPart + 1024

var _ = Add(Scenario{
	ID:    "multipart.copy.whole",
	Rule:  "M-23",
	Says:  "UploadPartCopy without a range MUST make a part of the whole source and return its ETag in CopyPartResult.",
	Ref:   apiCopy,
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", "the source")
		u := create(ctx, s, b, "k")
		etag := copied(s, u.copyPart(ctx, 1, b+"/source"))
		out, err := u.parts(ctx)
		s.Expect(err).To(OK(), "ListParts")
		s.Expect(out.Parts).To(HaveLen(1))
		s.Expect(aws.ToString(out.Parts[0].ETag)).To(Equal(etag), "ETag in ListParts")
		s.Expect(aws.ToInt64(out.Parts[0].Size)).To(Equal(int64(len("the source"))), "Size in ListParts")
		s.Expect(u.complete(ctx, part{1, etag})).To(OK())
		s.ExpectBody(ctx, b, "k", "the source")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.range",
	Rule:  "M-23",
	Says:  "UploadPartCopy with x-amz-copy-source-range MUST make a part of exactly those bytes of a source above 5 MiB.",
	Ref:   apiCopy,
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		source := s.Bytes(sourceSize)
		s.MustPut(ctx, b, "source", string(source))
		u := create(ctx, s, b, "k")
		etag := copied(s, u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-range", "bytes=100-1099"}))
		s.Expect(u.complete(ctx, part{1, etag})).To(OK())
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(bytes.Equal(got.Bytes, source[100:1100])).To(BeTrue(), "%d bytes equal bytes 100 to 1099 of the source", len(got.Bytes))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.range-of-parts",
	Rule:  "M-23",
	Says:  "UploadPartCopy of a range of a multipart source, across the border of its parts or inside a later one, MUST make a part of exactly those bytes.",
	Ref:   apiCopy,
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		source := twoParts(ctx, s, b, "source", string(s.Bytes(2 * minPart)[minPart:][:2000]))
		for _, at := range [][2]int{{10, minPart + 9}, {minPart - 5, minPart + 5}, {minPart, minPart + 1}, {minPart + 700, minPart + 1500}, {minPart + 1999, minPart + 1999}} {
			u := create(ctx, s, b, "k")
			span := fmt.Sprintf("bytes=%d-%d", at[0], at[1])
			etag := copied(s, u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-range", span}))
			s.Expect(u.complete(ctx, part{1, etag})).To(OK(), span)
			s.ExpectBody(ctx, b, "k", string(source[at[0]:at[1]+1]))
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.version",
	Rule:  "M-23",
	Says:  "UploadPartCopy from ?versionId MUST copy that version and return x-amz-copy-source-version-id, and fail with 400 when it names a delete marker.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 UploadPartCopyInput.CopySource",
	Level: Must,
	Needs: []Feature{Multipart, Copy, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		old := aws.ToString(s.MustPut(ctx, b, "source", "the older").VersionId)
		s.MustPut(ctx, b, "source", "the newer")
		marker, err := s.Delete(ctx, b, "source")
		s.Must(err, "delete the source")
		u := create(ctx, s, b, "k")
		r := u.copyPart(ctx, 1, b+"/source?versionId="+url.QueryEscape(aws.ToString(marker.VersionId)))
		s.Expect(r).To(FailWith(400), "the delete marker named")
		s.Expect(u.copyPart(ctx, 1, b+"/source")).To(FailWith(404, "NoSuchKey"), "a delete marker as current version")
		expectNoParts(ctx, u)
		r = u.copyPart(ctx, 1, b+"/source?versionId="+url.QueryEscape(old))
		s.Expect(r).To(HaveHeader("x-amz-copy-source-version-id", old))
		s.Expect(u.complete(ctx, part{1, copied(s, r)})).To(OK())
		s.ExpectBody(ctx, b, "k", "the older")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.encoded",
	Rule:  "M-23",
	Says:  "UploadPartCopy MUST undo the URL-encoding of x-amz-copy-source once, with a slash before the bucket or without, and find the key of exactly that name.",
	Ref:   apiCopy + "#API_UploadPartCopy_RequestSyntax",
	SDK:   "s3@v1.114.8 UploadPartCopyInput.CopySource",
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for i, key := range []string{"plain", " ", "a b", "_", "a+b", "a%20b", "a%25b", "é日", "?versionId", "a?versionId=b", "a//b/"} {
			s.MustPut(ctx, b, key, "body of "+key)
			source := b + "/" + strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key))
			if i%2 == 0 {
				source = "/" + source
			}
			u := create(ctx, s, b, "k")
			s.Expect(u.complete(ctx, part{1, copied(s, u.copyPart(ctx, 1, source))})).To(OK(), source)
			s.ExpectBody(ctx, b, "k", "body of "+key)
		}
		u := create(ctx, s, b, "k")
		s.Expect(u.copyPart(ctx, 1, b+"/a%25b")).To(FailWith(404, "NoSuchKey"), "the key a%%b, where a%%25b is one")
		expectNoParts(ctx, u)
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.other-bucket",
	Rule:  "M-23",
	Says:  "UploadPartCopy MUST copy from the bucket that x-amz-copy-source names, also when the upload's own has such a key.",
	Ref:   apiCopy + "#AmazonS3-UploadPartCopy-request-header-CopySource",
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		from, to := s.Bucket(ctx), s.Bucket(ctx)
		s.MustPut(ctx, from, "source", "from there")
		s.MustPut(ctx, to, "source", "from here")
		u := create(ctx, s, to, "k")
		s.Expect(u.complete(ctx, part{1, copied(s, u.copyPart(ctx, 1, from+"/source"))})).To(OK())
		s.ExpectBody(ctx, to, "k", "from there")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.absent-source",
	Rule:  "CP-05",
	Says:  "UploadPartCopy from a key that does not exist MUST fail with 404 NoSuchKey, from a bucket that does not with 404 NoSuchBucket, and into an upload that does not with 404 NoSuchUpload, and make no part.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", "the source")
		u := create(ctx, s, b, "k")
		s.Expect(u.copyPart(ctx, 1, b+"/absent")).To(FailWith(404, "NoSuchKey"), "an absent key")
		s.Expect(u.copyPart(ctx, 1, s.AbsentBucket()+"/source")).To(FailWith(404, "NoSuchBucket"), "an absent bucket")
		expectNoParts(ctx, u)
		s.Must(failed(u.abort(ctx)), "abort the upload")
		s.Expect(u.copyPart(ctx, 1, b+"/source")).To(FailWith(404, "NoSuchUpload"), "an upload that was aborted")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.bad-range",
	Rule:  "M-23",
	Says:  "UploadPartCopy with a range of another form than bytes=first-last MUST fail with 400, and make no part.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 UploadPartCopyInput.CopySourceRange",
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", string(s.Bytes(sourceSize)))
		u := create(ctx, s, b, "k")
		for _, bad := range badRanges {
			s.Expect(u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-range", bad})).To(FailWith(400), "%s", bad)
		}
		expectNoParts(ctx, u)
	},
})

// badRanges are not of the form bytes=first-last.
var badRanges = []string{"0-5", "bytes=5-", "bytes=-5", "bytes=0-1,3-4", "bytes=a-b"}

var _ = Add(Scenario{
	ID:    "multipart.copy.bad-range-code",
	Rule:  "M-23",
	Says:  "The 400 to UploadPartCopy with a range of another form, or whose end is before its start, SHOULD carry InvalidArgument.",
	Ref:   apiErrors,
	Level: Should,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", string(s.Bytes(sourceSize)))
		u := create(ctx, s, b, "k")
		for _, bad := range append(badRanges[:len(badRanges):len(badRanges)], "bytes=9-5") {
			s.Expect(u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-range", bad})).To(FailWith(400, "InvalidArgument"), "%s", bad)
		}
		expectNoParts(ctx, u)
	},
})

var _ = Add(Scenario{
	ID:    "multipart.copy.past-end",
	Rule:  "M-23",
	Says:  "UploadPartCopy with a range past the end of the source SHOULD be refused with 400 or 416, never truncated.",
	Ref:   "https://github.com/ministackorg/ministack/pull/622", // the operation's page does not say
	Level: Should,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", string(s.Bytes(sourceSize)))
		u := create(ctx, s, b, "k")
		r := u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-range", fmt.Sprintf("bytes=0-%d", sourceSize)})
		s.Observe("a range that ends one byte past the end", Outcome(r))
		s.Expect(r).To(FailWithAny(Answer{Status: 400}, Answer{Status: 416}))
		expectNoParts(ctx, u)
	},
})

// expectNoParts demands that refused copies left no part behind.
func expectNoParts(ctx context.Context, u upload) {
	out, err := u.parts(ctx)
	u.s.Expect(err).To(OK(), "ListParts")
	if len(out.Parts) > 0 {
		u.s.Silently("a refused UploadPartCopy left %d parts", len(out.Parts))
	}
}

var _ = Add(Scenario{
	ID:    "multipart.copy.conditions",
	Rule:  "M-24",
	Says:  "UploadPartCopy MUST fail with 412 PreconditionFailed when a copy-source condition does not hold.",
	Ref:   apiErrors, // PreconditionFailed; the conditions are those of the operation's page
	SDK:   "s3@v1.114.8 UploadPartCopyInput.CopySourceIfMatch",
	Level: Must,
	Needs: []Feature{Multipart, Copy, ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		etag := aws.ToString(s.MustPut(ctx, b, "source", "the source").ETag)
		u := create(ctx, s, b, "k")
		past := "Wed, 21 Oct 2015 07:28:00 GMT"
		for _, h := range [][2]string{
			{"x-amz-copy-source-if-match", `"00000000000000000000000000000000"`},
			{"x-amz-copy-source-if-none-match", etag},
			{"x-amz-copy-source-if-unmodified-since", past},
			{"x-amz-copy-source-if-modified-since", lastModified(ctx, s, b, "source").UTC().Format(http.TimeFormat)},
		} {
			s.Expect(u.copyPart(ctx, 1, b+"/source", h)).To(FailWith(412, "PreconditionFailed"), "%s: %s", h[0], h[1])
		}
		expectNoParts(ctx, u)
		s.Expect(u.copyPart(ctx, 1, b+"/source", [2]string{"x-amz-copy-source-if-match", etag},
			[2]string{"x-amz-copy-source-if-modified-since", past})).To(OK(), "conditions that hold")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.error-in-200",
	Rule:  "M-28",
	Says:  "CompleteMultipartUpload MAY send its 200 and white space before it is done; the body of one that succeeds MUST then be a CompleteMultipartUploadResult with an ETag.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		r := u.complete(ctx, u.part(ctx, 1, []byte("x")))
		s.Observe("white space before the XML", len(r.Body)-len(bytes.TrimLeft(r.Body, " \t\r\n")))
		s.Expect(r).To(OK()) // OK refuses a 200 that carries an Error
		var out struct {
			XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
			ETag    string
		}
		s.Expect(xml.Unmarshal(bytes.TrimSpace(r.Body), &out)).To(Succeed(), "body of the 200: %q", r.Body)
		s.Expect(out.ETag).NotTo(BeEmpty(), "ETag of the result")
		s.ExpectBody(ctx, b, "k", "x")
	},
})
