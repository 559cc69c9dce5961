package encryption

import (
	"context"
	"crypto/md5"
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Keys of a key management service: SSE-KMS, by the managed key, which is always
// there.

var kmsNeeds = []Feature{Encryption, KMSHook}

var _ = Add(Scenario{
	ID:    "encryption.kms.put",
	Rule:  "E-12",
	Says:  "An object that is put with aws:kms MUST read back, and the answers to PUT, GET and HEAD MUST name aws:kms and the ARN of the key.",
	Ref:   guideKMS,
	SDK:   "s3@v1.114.8 PutObjectOutput.SSEKMSKeyId",
	Level: Must,
	Needs: kmsNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, "k", "hello", header(hSSE, kms)))
		s.Expect(r).To(OK())
		arn := r.Header.Get(hKMSKey)
		for _, r := range []*Response{r, s.Send(ctx, get(b, "k")), s.Send(ctx, head(b, "k"))} {
			s.Expect(r).To(HaveHeader(hSSE, kms))
			s.Expect(r).To(HaveHeader(hKMSKey, MatchRegexp(`^arn:[^:]+:kms:[^:]*:[^:]*:key/.+`)))
			s.Expect(r).To(HaveHeader(hKMSKey, arn))
		}
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.kms.by-arn",
	Rule:  "E-12",
	Says:  "A KMS key MUST be found by its ARN, its id and an alias, and the answer name its ARN.",
	Ref:   apiPut,
	SDK:   "s3@v1.114.8 PutObjectInput.SSEKMSKeyId",
	Level: Must,
	Needs: kmsNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		arn := must(ctx, s, put(b, "k", "hello", header(hSSE, kms)), "put").Header.Get(hKMSKey)
		_, id, _ := strings.Cut(arn, ":key/")
		for _, name := range []string{arn, id, "alias/aws/s3"} {
			r := s.Send(ctx, put(b, "k", "hello", header(hSSE, kms), header(hKMSKey, name)))
			s.Expect(r).To(OK(), name)
			s.Expect(r).To(HaveHeader(hKMSKey, arn), name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.kms.unknown",
	Rule:  "E-12",
	Says:  "A KMS key that does not exist MUST be refused with 400 KMS.NotFoundException and nothing written, by PutObject, CopyObject and CreateMultipartUpload.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 PutObjectInput.SSEKMSKeyId",
	Level: Must,
	Needs: append([]Feature{Copy, Multipart}, kmsNeeds...),
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		arn := must(ctx, s, put(b, "probe", "hello", header(hSSE, kms)), "put").Header.Get(hKMSKey)
		prefix, _, _ := strings.Cut(arn, ":key/")
		for _, name := range []string{"11111111-2222-3333-4444-555555555555", prefix + ":key/11111111-2222-3333-4444-555555555555"} {
			h := [][2]string{header(hSSE, kms), header(hKMSKey, name)}
			s.Expect(s.Send(ctx, put(b, "k", "new", h...))).To(FailWith(400, "KMS.NotFoundException"), "PUT, %s", name)
			s.Expect(s.Send(ctx, dup(b, "k", "new", h...))).To(FailWith(400, "KMS.NotFoundException"), "copy, %s", name)
			create := Request{Method: "POST", Bucket: b, Key: "new", Query: "uploads=", Header: h}
			s.Expect(s.Send(ctx, create)).To(FailWith(400, "KMS.NotFoundException"), "create, %s", name)
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
		s.ExpectAbsent(ctx, b, "new")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.kms.bucket-key",
	Rule:  "E-12",
	Says:  "x-amz-server-side-encryption-bucket-key-enabled: true MUST come back with PUT, GET and HEAD of an object that was put with it and aws:kms.",
	Ref:   guide + "configuring-bucket-key-object.html",
	SDK:   "s3@v1.114.8 PutObjectInput.BucketKeyEnabled",
	Level: Must,
	Needs: kmsNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, "k", "hello", header(hSSE, kms), header(hBucket, "true")))
		for _, r := range []*Response{r, s.Send(ctx, get(b, "k")), s.Send(ctx, head(b, "k"))} {
			s.Expect(r).To(OK())
			s.Expect(r).To(HaveHeader(hBucket, "true"))
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.kms.etag",
	Rule:  "E-10",
	Says:  "The ETag of an object that is encrypted by aws:kms MUST NOT be the MD5 of its data.",
	Ref:   api + "API_Object.html",
	Level: Must,
	Needs: kmsNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, "k", "hello", header(hSSE, kms)))
		s.Expect(r).To(OK())
		s.Expect(r).NotTo(HaveHeader("ETag", fmt.Sprintf(`"%x"`, md5.Sum([]byte("hello")))))
	},
})

// What names a KMS key without asking for one.
var alone = [][][2]string{
	{header(hKMSKey, "alias/aws/s3")},
	{header(hSSE, aes), header(hKMSKey, "alias/aws/s3")},
}

var _ = Add(Scenario{
	ID:    "encryption.kms.key-alone",
	Rule:  "E-11",
	Says:  "A KMS key without aws:kms MUST be refused with 400 and nothing written, since it is allowed only with that.",
	Ref:   apiPut,
	SDK:   "s3@v1.114.8 PutObjectInput.SSEKMSKeyId",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, h := range alone {
			s.Expect(s.Send(ctx, put(b, "k", "hello", h...))).To(FailWith(400, "InvalidArgument", "InvalidRequest"), "%v", h)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})
