package encryption

import (
	"context"
	"crypto/md5"
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The store's own keys: SSE-S3.

// between is what stands between two marks.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

var _ = Add(Scenario{
	ID:    "encryption.default.put",
	Rule:  "E-01",
	Says:  "An object that is put without a word on encryption MUST be encrypted by SSE-S3, and the answers to PUT, GET and HEAD say so.",
	Ref:   guideDefault,
	SDK:   "s3@v1.114.8 PutObjectOutput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, "k", "hello"))
		s.Expect(r).To(OK())
		s.Expect(r).To(HaveHeader(hSSE, aes), "PUT")
		encrypted(ctx, s, b, "k", aes)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.default.copy",
	Rule:  "E-01",
	Says:  "A copy that is made without a word on encryption MUST be encrypted by SSE-S3, and the answer say so.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectOutput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, dup(b, "k", "copy"))
		s.Expect(r).To(OK())
		s.Expect(r).To(HaveHeader(hSSE, aes), "the copy")
		encrypted(ctx, s, b, "copy", aes)
		s.ExpectBody(ctx, b, "copy", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.multipart.said",
	Rule:  "E-01",
	Says:  "The answers to CreateMultipartUpload and CompleteMultipartUpload MUST say that the object is encrypted by SSE-S3 where nothing else was asked for.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 CreateMultipartUploadOutput.ServerSideEncryption, CompleteMultipartUploadOutput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		id, r := begin(ctx, s, b, "k")
		s.Expect(r).To(HaveHeader(hSSE, aes), "create")
		p := s.Send(ctx, part(b, "k", id, 1, []byte("hello")))
		s.Expect(p).To(OK(), "the part")
		r = s.Send(ctx, complete(b, "k", id, p.Header.Get("ETag")))
		s.Expect(r).To(OK(), "complete")
		s.Expect(r).To(HaveHeader(hSSE, aes), "complete")
		encrypted(ctx, s, b, "k", aes)
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.managed.explicit",
	Rule:  "E-02",
	Says:  "An object that is put with x-amz-server-side-encryption: AES256 MUST be encrypted so, as the answers say, and its ETag be the MD5 of its data.",
	Ref:   api + "API_Object.html",
	SDK:   "s3@v1.114.8 PutObjectInput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, "k", "hello", header(hSSE, aes)))
		s.Expect(r).To(OK())
		s.Expect(r).To(HaveHeader(hSSE, aes), "PUT")
		s.Expect(r).To(HaveHeader("ETag", fmt.Sprintf(`"%x"`, md5.Sum([]byte("hello")))))
		encrypted(ctx, s, b, "k", aes)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.managed.unknown",
	Rule:  "E-02",
	Says:  "An x-amz-server-side-encryption that is none of its values MUST be refused with 400 InvalidArgument or InvalidEncryptionAlgorithmError, by PutObject, CopyObject and CreateMultipartUpload.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 PutObjectInput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, name := range []string{"AES128", "aes256", "aws:kmz", "SSE-S3"} {
			h := header(hSSE, name)
			for op, r := range map[string]Request{"PUT": put(b, "k", "new", h), "copy": dup(b, "k", "new", h),
				"create": {Method: "POST", Bucket: b, Key: "new", Query: "uploads=", Header: [][2]string{h}}} {
				s.Expect(s.Send(ctx, r)).To(FailWith(400, "InvalidArgument", "InvalidEncryptionAlgorithmError", "InvalidRequest"), "%s, %s", op, name)
			}
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
		s.ExpectAbsent(ctx, b, "new")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.read.asked",
	Rule:  "E-16",
	Says:  "GET and HEAD with x-amz-server-side-encryption MUST be refused with 400 where the object is encrypted by SSE-S3.",
	Ref:   apiGet,
	SDK:   "s3@v1.114.8 Client.GetObject, Client.HeadObject",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		s.Expect(s.Send(ctx, get(b, "k", header(hSSE, aes)))).To(FailWith(400), "GET")
		s.Expect(s.Send(ctx, head(b, "k", header(hSSE, aes)))).To(FailWith(400), "HEAD")
	},
})

// Around the ends of whatever pieces a server may encrypt an object in.
var edges = []int{0, 1, 4095, 4096, 65535, 65536, 65537, 131072, 200000, 299999}

var _ = Add(Scenario{
	ID:    "encryption.range",
	Rule:  "E-02",
	Says:  "A range of an encrypted object MUST be the bytes at its place in the data.",
	Ref:   apiGet,
	SDK:   "s3@v1.114.8 GetObjectInput.Range",
	Level: Must,
	Needs: []Feature{Encryption, Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		whole := string(s.Bytes(300000))
		must(ctx, s, put(b, "k", whole, header(hSSE, aes)), "put")
		for _, from := range edges {
			for _, n := range []int{1, 70000} {
				to := min(from+n, len(whole))
				r := s.Send(ctx, get(b, "k", header("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))))
				s.Expect(r).To(HaveStatus(206))
				s.Expect(string(r.Body) == whole[from:to]).To(BeTrue(), "bytes %d to %d are those", from, to-1)
			}
		}
		s.ExpectBody(ctx, b, "k", whole)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.managed.said-again",
	Rule:  "E-02",
	Says:  "UploadPart and CompleteMultipartUpload that name another encryption than their upload was created with SHOULD be refused with 400; whether they may name that one is observed.",
	Ref:   apiPart,
	Level: Should,
	Needs: []Feature{Encryption, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		id, r := begin(ctx, s, b, "k", header(hSSE, aes))
		s.Expect(r).To(OK(), "create")
		p := send(ctx, s, part(b, "k", id, 1, []byte("hello")))
		s.Expect(p).To(OK(), "part")
		tag, again := p.Header.Get("ETag"), complete(b, "k", id, p.Header.Get("ETag"))
		again.Header = append(again.Header, header(hSSE, "aws:kms"))
		s.Expect(send(ctx, s, part(b, "k", id, 2, []byte("x"), header(hSSE, "aws:kms")))).To(FailWith(400), "another part with another encryption")
		s.Expect(send(ctx, s, again)).To(FailWith(400), "complete with another encryption")
		s.ExpectAbsent(ctx, b, "k")
		s.Observe("UploadPart that names it", Outcome(send(ctx, s, part(b, "k", id, 1, []byte("hello"), header(hSSE, aes)))))
		again.Header[len(again.Header)-1] = header(hSSE, aes)
		r = send(ctx, s, again)
		s.Observe("CompleteMultipartUpload that names it", Outcome(r))
		if r.Status/100 != 2 {
			s.Expect(send(ctx, s, complete(b, "k", id, tag))).To(OK(), "complete after the refusals")
		}
		s.ExpectBody(ctx, b, "k", "hello")
	},
})
