// Package object holds the rules of single objects: PUT, GET, HEAD, DELETE,
// their headers and metadata, keys, conditional reads and ranges.
package object

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

var _ = Add(Scenario{
	ID:    "object.put.etag-md5",
	Rule:  "O-01",
	Says:  "The ETag of an object stored by one PUT without SSE-C or SSE-KMS MUST be the quoted hexadecimal MD5 of its body.",
	Ref:   refObject + "#AmazonS3-Type-Object-ETag",
	SDK:   "s3@v1.114.8 types.Object.ETag",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, body := range []string{"hello", strings.Repeat("hello, ", 150_000)} { // the second is stored in pieces, if any is
			out, err := s.Put(ctx, b, "k", body)
			s.Expect(err).To(OK())
			want := `"` + hexMD5(body) + `"`
			s.Expect(HeaderOf(out.ResultMetadata)).To(HaveHeader("ETag", want), "PUT of %d bytes", len(body))
			head, err := s.Head(ctx, b, "k")
			s.Expect(err).To(OK(), "HEAD of %d bytes", len(body))
			s.Expect(HeaderOf(head.ResultMetadata)).To(HaveHeader("ETag", want), "HEAD of %d bytes", len(body))
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.put.empty",
	Rule:  "O-02",
	Says:  "A zero-byte object MUST be stored, read back with Content-Length 0 and listed with size 0.",
	Ref:   refPut,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "")
		s.Expect(err).To(OK())
		r := s.Send(ctx, Request{Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r.Body).To(BeEmpty())
		s.Expect(r).To(HaveHeader("Content-Length", "0"))
		o := listed(ctx, s, b, "k")
		s.Expect(o).NotTo(BeNil(), "the listing holds k")
		s.Expect(aws.ToInt64(o.Size)).To(BeZero(), "size in the listing")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.content-md5.right",
	Rule:  "O-16",
	Says:  "PutObject MUST store a body whose MD5 is the Content-MD5 sent with it.",
	Ref:   refPut + "#API_PutObject_RequestSyntax",
	SDK:   "s3@v1.114.8 PutObjectInput.ContentMD5",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "hello", Header("Content-MD5", md5Base64("hello")))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.content-md5.wrong",
	Rule:  "O-16",
	Says:  "PutObject MUST fail with 400 BadDigest when Content-MD5 is not the MD5 of the body.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Put(ctx, b, "k", "new", Header("Content-MD5", md5Base64("other")))
		s.Expect(err).To(FailWith(400, "BadDigest"))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.content-md5.wrong-large",
	Rule:  "O-16",
	Says:  "PutObject of 1 MiB MUST fail with 400 BadDigest when Content-MD5 is right for all but the body's last byte.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		sent := s.Bytes(1 << 20)
		other := string(sent[:len(sent)-1]) + string(sent[len(sent)-1]^1)
		_, err := s.Put(ctx, b, "k", string(sent), Header("Content-MD5", md5Base64(other)))
		s.Expect(err).To(FailWith(400, "BadDigest"))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.content-md5.invalid",
	Rule:  "O-16",
	Says:  "PutObject MUST fail with 400 InvalidDigest when Content-MD5 is not the base64 of 16 bytes.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, bad := range []string{"not base64!", base64.StdEncoding.EncodeToString([]byte("short")), "bm90IGFuIG1kNSwgbXVjaCB0b28gbG9uZw=="} {
			_, err := s.Put(ctx, b, "k", "new", Header("Content-MD5", bad))
			s.Expect(err).To(FailWith(400, "InvalidDigest"), "case %q", bad)
			s.ExpectAbsent(ctx, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.put.content-md5.empty",
	Rule:  "O-16",
	Says:  "PutObject with a Content-MD5 that is empty SHOULD fail with 400 InvalidDigest, and store nothing.",
	Ref:   refErrors,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), Header: [][2]string{{"Content-MD5", ""}}})
		s.Expect(r).To(FailWith(400, "InvalidDigest"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.no-content-length",
	Rule:  "O-17",
	Says:  "PutObject with neither Content-Length nor a chunked body MUST fail with 411 MissingContentLength.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Drop: []string{"Content-Length"}})
		s.Expect(r).To(FailWith(411, "MissingContentLength"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.body-too-short",
	Rule:  "O-18",
	Says:  "A PutObject whose body ends before its Content-Length MUST fail with 400 IncompleteBody, or RequestTimeout where the server waits for the rest, or have its connection closed, and store nothing.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: s.Bytes(100_000), Payload: sign.Unsigned, Cut: 40_000})
		if r.Err == nil { // a closed connection is an answer too
			s.Expect(r).To(FailWith(400, "IncompleteBody", "RequestTimeout"))
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

// What one PutObject takes: 5 GB. Only what is more in either reading of GB is
// too large, and only what is as much in both must be taken.
const (
	largest  = 5_000_000_000
	tooLarge = 5<<30 + 1
)

// announce sends the head of a PutObject of size bytes, which asks before it
// sends the body. A server that wants the body sends 100 and waits, so that
// no final answer comes two seconds later than answers come.
func announce(ctx context.Context, s *S, bucket string, size int64) *Response {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second+Slowest(s))
	defer cancel()
	r := s.Send(ctx, Request{Method: "PUT", Bucket: bucket, Key: "k", Payload: sign.Unsigned,
		Header: [][2]string{{"Content-Length", strconv.FormatInt(size, 10)}, {"Expect", "100-continue"}}})
	s.Observe("answer before the body", Outcome(r))
	return r
}

var _ = Add(Scenario{
	ID:    "object.put.too-large",
	Rule:  "O-19",
	Says:  "PutObject with a Content-Length above 5 GiB MUST NOT be answered with anything but 400 EntityTooLarge, nor store anything.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		if r := announce(ctx, s, b, tooLarge); r.Err == nil { // no answer yet: the server wants to see the body
			s.Expect(r).To(FailWith(400, "EntityTooLarge"))
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.largest",
	Rule:  "O-19",
	Says:  "PutObject with a Content-Length of 5 GB MUST NOT be refused as too large.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		r := announce(ctx, s, s.Bucket(ctx), largest)
		if r.Err == nil { // a server may still have no room for it
			s.Expect(r.Code).NotTo(BeElementOf("EntityTooLarge", "InvalidRequest", "InvalidArgument"), "status %d", r.Status)
			s.Expect(r.Status).NotTo(Equal(413))
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.put.too-large.at-once",
	Rule:  "O-19",
	Says:  "PutObject with a Content-Length above 5 GiB SHOULD fail before the body is sent.",
	Ref:   rfc9110 + "#section-10.1.1",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		s.Expect(announce(ctx, s, s.Bucket(ctx), tooLarge)).To(FailWith(400, "EntityTooLarge"))
	},
})

func md5Base64(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func hexMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

var _ = Add(Scenario{
	ID:    "object.put.sizes",
	Rule:  "O-01",
	Says:  "An object MUST be read back byte for byte whatever its size, also at, one below and one above the powers of two by which servers cut bodies up.",
	Ref:   refGet,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, most := s.Bucket(ctx), s.Bytes(1<<20+1)
		for _, n := range []int{1 << 12, 1 << 14, 1 << 16, 1 << 17, 1 << 18, 1 << 20} {
			for _, size := range []int{n - 1, n, n + 1} {
				want := most[len(most)-size:]
				s.MustPut(ctx, b, "k", string(want))
				got, err := s.Get(ctx, b, "k")
				s.Expect(err).To(OK(), "GET of %d bytes", size)
				s.Expect(len(got.Bytes)).To(Equal(size), "bytes of an object of %d", size)
				s.Expect(bytes.Equal(got.Bytes, want)).To(BeTrue(), "the %d bytes are those that were put", size)
			}
		}
	},
})
