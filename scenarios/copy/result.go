package copy

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "copy.result",
	Rule:  "CP-01",
	Says:  "CopyObject MUST return a CopyObjectResult with the ETag and LastModified of the new object, which is readable at once.",
	Ref:   ref + "#AmazonS3-CopyObject-response-CopyObjectResult",
	SDK:   "s3@v1.114.8 types.CopyObjectResult",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		out, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.Expect(out.CopyObjectResult).NotTo(BeNil(), "CopyObjectResult")
		s.ExpectBody(ctx, b, "dst", "hello")
		head, err := s.Head(ctx, b, "dst")
		s.Expect(err).To(OK(), "head dst")
		s.Expect(aws.ToString(said(out).ETag)).To(Equal(aws.ToString(head.ETag)), "ETag, which HEAD quotes")
		s.Expect(aws.ToTime(said(out).LastModified).Unix()).To(Equal(aws.ToTime(head.LastModified).Unix()), "LastModified")
		s.ExpectBody(ctx, b, "src", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.date",
	Rule:  "CP-01",
	Says:  "LastModified of a copy MUST be the time at which the copy was made, not that of its source.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObjectResult.html",
	SDK:   "s3@v1.114.8 types.CopyObjectResult.LastModified",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		src, err := s.Head(ctx, b, "src")
		s.Must(err, "head src")
		s.Expect(Settled(ctx, s, "a copy is of a later second than its source", func() error {
			out, err := dup(ctx, s, b, "dst", source(b, "src"))
			s.Expect(err).To(OK())
			if made := aws.ToTime(said(out).LastModified); !made.Truncate(time.Second).After(aws.ToTime(src.LastModified)) {
				return fmt.Errorf("LastModified of the copy is %v, that of its source %v", made, src.LastModified)
			}
			return nil
		})).To(OK(), "copies made one after the other")
		after, err := s.Head(ctx, b, "src")
		s.Expect(err).To(OK(), "head src")
		s.Expect(after.LastModified).To(Equal(src.LastModified), "Last-Modified of the source")
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.etag-md5",
	Rule:  "CP-01",
	Says:  "The ETag of a copy without SSE-C or SSE-KMS MUST be the MD5 of its data.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html#AmazonS3-Type-Object-ETag",
	SDK:   "s3@v1.114.8 types.Object.ETag",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, body := range []string{"", "hello", string(s.Bytes(100_000))} {
			s.MustPut(ctx, b, "src", body)
			out, err := dup(ctx, s, b, "dst", source(b, "src"))
			s.Expect(err).To(OK(), "copy %d bytes", len(body))
			s.Expect(aws.ToString(said(out).ETag)).To(Equal(md5Tag(body)), "ETag of %d bytes", len(body))
			s.ExpectBody(ctx, b, "dst", body)
		}
	},
})

func md5Tag(body string) string {
	sum := md5.Sum([]byte(body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

var _ = Add(Scenario{
	ID:    "copy.result.other-bucket",
	Rule:  "CP-01",
	Says:  "An object MUST be copied from one bucket to another.",
	Ref:   ref,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		from, to := s.Bucket(ctx), s.Bucket(ctx)
		s.MustPut(ctx, from, "a/b", "hello", Meta("color", "red"))
		s.MustPut(ctx, to, "a/b", "not this")
		_, err := dup(ctx, s, to, "c", source(from, "a/b"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, to, "c", "hello")
		s.Expect(wears(ctx, s, to, "c")).To(HaveKeyWithValue("x-amz-meta-color", "red"))
		s.ExpectBody(ctx, to, "a/b", "not this")
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.overwrites",
	Rule:  "CP-01",
	Says:  "A copy MUST replace the object that the destination key held, its metadata too.",
	Ref:   ref,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "new", Meta("color", "blue"), Header("Content-Type", "text/x-two"))
		s.MustPut(ctx, b, "dst", "the old one", dressed...)
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "dst", "new")
		s.Expect(wears(ctx, s, b, "dst")).To(Equal(map[string]string{"x-amz-meta-color": "blue", "Content-Type": "text/x-two"}))
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.independent",
	Rule:  "CP-01",
	Says:  "A copy MUST stay as it was made when its source is overwritten or deleted.",
	Ref:   ref,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.MustPut(ctx, b, "src", "another")
		s.ExpectBody(ctx, b, "dst", "hello")
		_, err = s.Delete(ctx, b, "src")
		s.Must(err, "delete src")
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.answer",
	Rule:  "CP-13",
	Says:  "The body of a 200 to CopyObject MUST hold either a CopyObjectResult, and then the copy exists, or an Error, and then it does not.",
	Ref:   ref,
	SDK:   "s3@v1.114.8 Client.CopyObject",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "dst", Header: [][2]string{{"x-amz-copy-source", source(b, "src")}}})
		s.Expect(r).To(HaveStatus(200))
		if r.Code != "" {
			s.ExpectAbsent(ctx, b, "dst")
			s.Expect(r).To(OK(), "an error inside a 200")
		}
		var body struct {
			XMLName            xml.Name `xml:"CopyObjectResult"`
			ETag, LastModified string
		}
		s.Expect(xml.Unmarshal(bytes.TrimSpace(r.Body), &body)).To(Succeed(), "body of the 200")
		s.Expect(body.ETag).To(Equal(md5Tag("hello")), "ETag")
		s.Expect(body.LastModified).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`), "LastModified")
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.overwrites-rest",
	Rule:  "CP-01",
	Says:  "A copy MUST NOT keep the tags, the storage class or the website redirect of the object that it replaces.",
	Ref:   ref,
	Level: Must,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "new")
		MustPutWithProperties(ctx, s, b, "dst")
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		ExpectNoProperties(ctx, s, b, "dst")
	},
})

var _ = Add(Scenario{
	ID:    "copy.result.refused-keeps",
	Rule:  "I0",
	Says:  "A copy that fails MUST leave the object that the destination key holds.",
	Ref:   ref,
	Level: Must,
	Needs: []Feature{Copy, ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "new")
		s.MustPut(ctx, b, "dst", "kept")
		_, err := dup(ctx, s, b, "dst", source(b, "absent"))
		s.Expect(err).To(FailWith(404, "NoSuchKey"), "a source that does not exist")
		s.ExpectUnchanged(ctx, b, "dst", "kept")
		_, err = dup(ctx, s, b, "dst", source(s.AbsentBucket(), "src"))
		s.Expect(err).To(FailWith(404, "NoSuchBucket"), "a source in a bucket that does not exist")
		s.ExpectUnchanged(ctx, b, "dst", "kept")
		_, err = dup(ctx, s, b, "dst", source(b, "src"), ifMatch(other))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"), "a condition on the source that does not hold")
		s.ExpectUnchanged(ctx, b, "dst", "kept")
	},
})
