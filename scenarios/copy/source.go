package copy

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// answer tells what a raw request was answered with, for the record.
func answer(r *Response) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return strings.TrimSpace(fmt.Sprint(r.Status, " ", r.Code))
}

var _ = Add(Scenario{
	ID:    "copy.source.missing-key",
	Rule:  "CP-05",
	Says:  "CopyObject from a key that does not exist MUST fail with 404 NoSuchKey.",
	Ref:   refCodes,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := dup(ctx, s, b, "dst", source(b, "none"))
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.missing-bucket",
	Rule:  "CP-05",
	Says:  "CopyObject from a bucket that does not exist MUST fail with 404 NoSuchBucket.",
	Ref:   refCodes,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := dup(ctx, s, b, "dst", source(s.AbsentBucket(), "k"))
		s.Expect(err).To(FailWith(404, "NoSuchBucket"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.missing-destination",
	Rule:  "CP-05",
	Says:  "CopyObject to a bucket that does not exist MUST fail with 404 NoSuchBucket.",
	Ref:   refCodes,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		_, err := dup(ctx, s, s.AbsentBucket(), "dst", source(b, "k"))
		s.Expect(err).To(FailWith(404, "NoSuchBucket"))
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.delete-marker",
	Rule:  "CP-05",
	Says:  "CopyObject from a key whose current version is a delete marker MUST fail with 404 NoSuchKey.",
	Ref:   refHeader + "CopySource",
	SDK:   sdk + "CopySource",
	Level: Must,
	Needs: []Feature{Copy, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		_, err := s.Delete(ctx, b, "src")
		s.Must(err, "delete src")
		_, err = dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})

// deny forbids everybody to read the objects of bucket.
const deny = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`

var _ = Add(Scenario{
	ID:    "copy.source.denied",
	Rule:  "CP-05",
	Says:  "CopyObject from an object that a bucket policy denies reading MUST fail with 403 AccessDenied.",
	Ref:   ref,
	SDK:   "s3@v1.114.8 Client.CopyObject",
	Level: Must,
	Needs: []Feature{Copy, Policy},
	Check: func(ctx context.Context, s *S) {
		from, to := s.Bucket(ctx), s.Bucket(ctx)
		s.MustPut(ctx, from, "src", "secret")
		_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &from, Policy: aws.String(fmt.Sprintf(deny, from))})
		s.Must(err, "put a policy")
		s.Settle(ctx, "the policy denies GetObject", func() error {
			if _, err := s.Get(ctx, from, "src"); err == nil {
				return fmt.Errorf("GetObject still succeeds")
			}
			return nil
		})
		_, err = dup(ctx, s, to, "dst", source(from, "src"))
		s.Expect(err).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, to, "dst")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.other-account",
	Rule:  "CP-05",
	Says:  "CopyObject from an object that the requester may not read MUST fail with 403 AccessDenied, though it may write to the destination.",
	Ref:   ref,
	SDK:   "s3@v1.114.8 Client.CopyObject",
	Level: Must,
	Needs: []Feature{Copy, Policy, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		from, to := s.Bucket(ctx), s.Bucket(ctx)
		s.MustPut(ctx, from, "src", "secret")
		me, err := s.Alt().ListBuckets(ctx, &s3.ListBucketsInput{})
		s.Must(err, "learn the second account's canonical id")
		_, err = s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &to, Policy: aws.String(fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":%q},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/*"}]}`, aws.ToString(me.Owner.ID), to))})
		s.Must(err, "let the second account write")
		s.Settle(ctx, "the second account may write", func() error {
			_, err := s.Alt().PutObject(ctx, &s3.PutObjectInput{Bucket: &to, Key: aws.String("mine"), Body: strings.NewReader("x")})
			return err
		})
		_, err = s.Alt().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &to, Key: aws.String("dst"), CopySource: aws.String(source(from, "src"))})
		s.Expect(err).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, to, "dst")
	},
})

// odd are keys that only a source decoded exactly once finds. Beside each
// stands the key that a lax reading finds instead, "" when there is none.
var odd = []struct{ name, key, instead string }{
	{"space", "a b", "a+b"}, {"plus", "a+b", "a b"}, {"percent", "a%20b", "a b"}, {"percent-plus", "a%2Bb", "a+b"}, {"slashes", "a//b/", "a/b"},
	{"question", "a?versionId=b", "a"}, {"query", "a?b&c=d", "a"}, {"hash", "a#b", "a"}, {"multi-byte", "\u00e9\u65e5\U0001f600", ""}, {"reserved", "!'()*;:@=$,[]", ""},
}

var _ = func() struct{} {
	for _, o := range odd {
		Add(Scenario{
			ID:    "copy.source.encoded." + o.name,
			Rule:  "CP-06",
			Says:  fmt.Sprintf("The URL-encoded x-amz-copy-source MUST be decoded once to find the key %q.", o.key),
			Ref:   refHeader + "CopySource",
			SDK:   sdk + "CopySource",
			Level: Must,
			Needs: []Feature{Copy},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, o.key, "right")
				if o.instead != "" {
					s.MustPut(ctx, b, o.instead, "wrong")
				}
				_, err := dup(ctx, s, b, "dst", source(b, o.key))
				s.Expect(err).To(OK(), "x-amz-copy-source: %s", source(b, o.key))
				s.ExpectBody(ctx, b, "dst", "right")
			},
		})
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "copy.source.leading-slash",
	Rule:  "CP-06",
	Says:  "A slash before the bucket in x-amz-copy-source MUST make no difference.",
	Ref:   ref + "#API_CopyObject_Examples",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "a/b c", "hello")
		_, err := dup(ctx, s, b, "dst", "/"+source(b, "a/b c"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.encoded-slash",
	Rule:  "CP-06",
	Says:  "An x-amz-copy-source whose every slash is encoded SHOULD be understood.",
	Ref:   "https://github.com/aws/aws-sdk-js/issues/1821",
	Level: Should,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "a/b", "hello")
		_, err := dup(ctx, s, b, "dst", url.PathEscape("/"+b+"/a/b"))
		s.Expect(err).To(OK(), "x-amz-copy-source: %s", url.PathEscape("/"+b+"/a/b"))
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.literal-plus",
	Rule:  "CP-06",
	Says:  "A plus sign that stands unencoded in x-amz-copy-source MAY be taken for a space or for itself.",
	Ref:   "https://github.com/aws/aws-cli/issues/614",
	Level: Info,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "a b", "a space")
		s.MustPut(ctx, b, "a+b", "itself")
		_, err := dup(ctx, s, b, "dst", b+"/a+b")
		s.Expect(err).To(OK(), "x-amz-copy-source: %s/a+b", b)
		got, err := s.Get(ctx, b, "dst")
		s.Expect(err).To(OK(), "get dst")
		s.Observe("an unencoded plus stands for", string(got.Bytes))
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.malformed",
	Rule:  "CP-06",
	Says:  "An x-amz-copy-source without a key SHOULD be refused with 400 InvalidArgument.",
	Ref:   "https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_s3.py",
	Level: Info,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, src := range []string{b, b + "/", "/" + b + "/", b + "/a%zz"} {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "dst", Header: [][2]string{{"x-amz-copy-source", src}}})
			s.Observe("x-amz-copy-source: "+strings.ReplaceAll(src, b, "BUCKET"), answer(r))
			s.Expect(r).NotTo(OK(), "x-amz-copy-source: %s", src)
		}
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.elsewhere",
	Rule:  "CP-06",
	Says:  "A GET, HEAD, DELETE or CompleteMultipartUpload with an x-amz-copy-source SHOULD be refused with 400 InvalidArgument, and delete and end nothing.",
	Ref:   "https://github.com/versity/versitygw/pull/1642",
	Level: Should,
	Needs: []Feature{Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), aws.String("k")
		s.MustPut(ctx, b, "k", "hello")
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: key})
		s.Must(err, "create an upload")
		part, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
		s.Must(err, "upload a part")
		complete := fmt.Sprintf("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>", aws.ToString(part.ETag))
		id := "uploadId=" + url.QueryEscape(aws.ToString(up.UploadId))
		for _, r := range []Request{
			{Method: "GET", Bucket: b},
			{Method: "GET", Bucket: b, Key: "k"},
			{Method: "DELETE", Bucket: b, Key: "k"},
			{Method: "DELETE", Bucket: b, Key: "k", Query: id},
			{Method: "POST", Bucket: b, Key: "k", Query: id, Body: []byte(complete)},
		} {
			r.Header = [][2]string{{"x-amz-copy-source", source(b, "k")}}
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "InvalidArgument"), "%s /%s?%s", r.Method, r.Key, r.Query)
		}
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Header: [][2]string{{"x-amz-copy-source", source(b, "k")}}})
		s.Expect(r).To(FailWith(400), "HEAD")
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK(), "the object after the refusals")
		s.Expect(string(got.Bytes)).To(Equal("hello"))
		_, err = s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &b, Key: key, UploadId: up.UploadId})
		s.Expect(err).To(OK(), "the upload after the refusals")
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.version",
	Rule:  "CP-06",
	Says:  "An x-amz-copy-source that ends in ?versionId= MUST copy that version, and x-amz-copy-source-version-id names it.",
	Ref:   refHeader + "CopySource",
	SDK:   sdk + "CopySource",
	Level: Must,
	Needs: []Feature{Copy, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		old := aws.ToString(s.MustPut(ctx, b, "a b", "old", Meta("color", "red")).VersionId)
		s.MustPut(ctx, b, "a b", "new", Meta("color", "blue"))
		out, err := dup(ctx, s, b, "dst", source(b, "a b")+"?versionId="+url.QueryEscape(old))
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.CopySourceVersionId)).To(Equal(old), "x-amz-copy-source-version-id")
		s.ExpectBody(ctx, b, "dst", "old")
		s.Expect(wears(ctx, s, b, "dst")).To(HaveKeyWithValue("x-amz-meta-color", "red"))
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.version.tags",
	Rule:  "CP-09",
	Says:  "A copy of a version that is named MUST have that version's tags, and a copy without one those of the current version.",
	Ref:   refHeader + "CopySource",
	SDK:   sdk + "TaggingDirective",
	Level: Must,
	Needs: []Feature{Copy, Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		old := aws.ToString(s.MustPut(ctx, b, "src", "old", Header("x-amz-tagging", "a=old")).VersionId)
		s.MustPut(ctx, b, "src", "new", Header("x-amz-tagging", "a=new"))
		for _, want := range []string{"old", "new"} {
			version := ""
			if want == "old" {
				version = "?versionId=" + url.QueryEscape(old)
			}
			_, err := dup(ctx, s, b, want, source(b, "src")+version)
			s.Expect(err).To(OK(), "copy of the %s version", want)
			out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: &want})
			s.Expect(err).To(OK(), "GetObjectTagging")
			s.Expect(out.TagSet).To(HaveLen(1), "tags of the copy of the %s version", want)
			s.Expect(aws.ToString(out.TagSet[0].Value)).To(Equal(want), "the tag of the copy")
		}
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.version.destination",
	Rule:  "CP-06",
	Says:  "A copy into a bucket with versioning enabled MUST get a version id of its own, returned in x-amz-version-id.",
	Ref:   refHeader + "CopySource",
	SDK:   sdk + "CopySource",
	Level: Must,
	Needs: []Feature{Copy, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		src := aws.ToString(s.MustPut(ctx, b, "src", "hello").VersionId)
		out, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.Expect([]string{"", "null", src}).NotTo(ContainElement(aws.ToString(out.VersionId)), "x-amz-version-id")
		got, err := s.Get(ctx, b, "dst", Version(aws.ToString(out.VersionId)))
		s.Expect(err).To(OK(), "get the version that was returned")
		s.Expect(string(got.Bytes)).To(Equal("hello"))
	},
})

var _ = Add(Scenario{
	ID:    "copy.source.owner",
	Rule:  "CP-14",
	Says:  "CopyObject MUST fail with 403 AccessDenied when x-amz-source-expected-bucket-owner is not the owner of the source bucket.",
	Ref:   refHeader + "ExpectedSourceBucketOwner",
	SDK:   sdk + "ExpectedSourceBucketOwner",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		_, err := dup(ctx, s, b, "dst", source(b, "src"), Header("x-amz-source-expected-bucket-owner", stranger))
		s.Expect(err).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})

// stranger is the account id of nobody whom a run knows.
const stranger = "987601234567"

var _ = Add(Scenario{
	ID:    "copy.source.owner.part",
	Rule:  "CP-14",
	Says:  "UploadPartCopy MUST fail with 403 AccessDenied when x-amz-source-expected-bucket-owner is not the owner of the source bucket.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html#AmazonS3-UploadPartCopy-request-header-ExpectedSourceBucketOwner",
	SDK:   "s3@v1.114.8 UploadPartCopyInput.ExpectedSourceBucketOwner",
	Level: Must,
	Needs: []Feature{Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), aws.String("dst")
		s.MustPut(ctx, b, "src", "hello")
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: key})
		s.Must(err, "create an upload")
		_, err = s.SDK().UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: &b, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1),
			CopySource: aws.String(source(b, "src")), ExpectedSourceBucketOwner: aws.String(stranger)})
		s.Expect(err).To(FailWith(403, "AccessDenied"))
		parts, err := s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &b, Key: key, UploadId: up.UploadId})
		s.Expect(err).To(OK(), "list the parts")
		s.Expect(parts.Parts).To(BeEmpty(), "I0: parts after the refused copy")
	},
})
