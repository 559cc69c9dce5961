package scenarios

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A Slot is where a request puts one body: a new object, or part 1 of a new
// multipart upload. Rules about bodies hold for both, and are judged on both.
type Slot struct {
	Bucket, Key string
	Query       string // names the part; "" for an object

	s      *S
	upload string
}

// ObjectSlot is an absent key of a bucket of its own.
func ObjectSlot(ctx context.Context, s *S) Slot {
	return Slot{Bucket: s.Bucket(ctx), Key: "k", s: s}
}

// PartSlot is part 1 of a new upload in a bucket of its own; opts change
// CreateMultipartUpload. When that fails the scenario is blocked.
func PartSlot(ctx context.Context, s *S, opts ...Opt) Slot {
	l := Slot{Bucket: s.Bucket(ctx), Key: "k", s: s}
	out, err := s.main.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &l.Bucket, Key: &l.Key}, opts...)
	s.Must(err, "create a multipart upload")
	l.upload = aws.ToString(out.UploadId)
	l.Query = "partNumber=1&uploadId=" + url.QueryEscape(l.upload)
	return l
}

// Send puts a body there; r says everything but where.
func (l Slot) Send(ctx context.Context, r Request) *Response {
	r.Method, r.Bucket, r.Key, r.Query = http.MethodPut, l.Bucket, l.Key, l.Query
	return l.s.Send(ctx, r)
}

// ExpectEmpty is invariant I0 for the slot: there is no such object, or the
// upload has no part.
func (l Slot) ExpectEmpty(ctx context.Context) {
	if l.upload == "" {
		l.s.ExpectAbsent(ctx, l.Bucket, l.Key)
		return
	}
	out, err := l.parts(ctx)
	l.s.Expect(err).To(succeed{}, "I0: list the parts after a refused one")
	if n := len(out.Parts); n > 0 {
		l.s.Silently("I0: a refused part is listed: got %d parts, want none", n)
	}
}

// ExpectStored demands that the slot holds the body of an acknowledged Send,
// whole; anything else was a wrong success. A part must be listed with its
// size, and be what the completed upload consists of. Its ETag is not judged:
// no page says that it is the part's MD5.
func (l Slot) ExpectStored(ctx context.Context, body string) {
	if l.upload != "" {
		l.complete(ctx, body)
	}
	got, err := l.s.Get(ctx, l.Bucket, l.Key)
	l.s.Expect(err).To(succeed{}, "read %s", l.Key)
	if string(got.Bytes) != body {
		l.s.Silently("stored under %s: got %s, want %s", l.Key, clip(string(got.Bytes)), clip(body))
	}
}

func (l Slot) complete(ctx context.Context, body string) {
	out, err := l.parts(ctx)
	l.s.Expect(err).To(succeed{}, "list the parts")
	if n := len(out.Parts); n != 1 {
		l.s.Silently("parts listed: got %d, want 1", n)
	}
	p := out.Parts[0]
	if got, want := aws.ToInt64(p.Size), int64(len(body)); got != want {
		l.s.Silently("stored as part 1: got %d bytes, want %d", got, want)
	}
	_, err = l.s.main.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &l.Bucket, Key: &l.Key, UploadId: &l.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: p.PartNumber, ETag: p.ETag,
			ChecksumCRC32: p.ChecksumCRC32, ChecksumCRC32C: p.ChecksumCRC32C, ChecksumCRC64NVME: p.ChecksumCRC64NVME,
			ChecksumSHA1: p.ChecksumSHA1, ChecksumSHA256: p.ChecksumSHA256, ChecksumMD5: p.ChecksumMD5, ChecksumSHA512: p.ChecksumSHA512,
			ChecksumXXHASH64: p.ChecksumXXHASH64, ChecksumXXHASH3: p.ChecksumXXHASH3, ChecksumXXHASH128: p.ChecksumXXHASH128}}}})
	l.s.Must(err, "complete the upload")
}

func (l Slot) parts(ctx context.Context) (*s3.ListPartsOutput, error) {
	return l.s.main.ListParts(ctx, &s3.ListPartsInput{Bucket: &l.Bucket, Key: &l.Key, UploadId: &l.upload})
}
