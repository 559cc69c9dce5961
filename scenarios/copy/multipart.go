package copy

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const mib = 1 << 20

// assemble makes an object of n parts, each by part, as a precondition.
func assemble(ctx context.Context, s *S, bucket, key string, n int32, part func(id *string, i int32) (etag *string, err error)) {
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	s.Must(err, "create an upload")
	var done types.CompletedMultipartUpload
	for i := int32(1); i <= n; i++ {
		etag, err := part(up.UploadId, i)
		s.Must(err, fmt.Sprintf("part %d of %s", i, key))
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: aws.Int32(i), ETag: etag})
	}
	_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, MultipartUpload: &done})
	s.Must(err, "complete "+key)
}

// repeat makes an object of n copies of another.
func repeat(ctx context.Context, s *S, bucket, key, of string, n int32) {
	assemble(ctx, s, bucket, key, n, func(id *string, i int32) (*string, error) {
		out, err := s.SDK().UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: &bucket, Key: &key, UploadId: id, PartNumber: &i, CopySource: aws.String(source(bucket, of))})
		if err != nil || out.CopyPartResult == nil {
			return nil, err
		}
		return out.CopyPartResult.ETag, nil
	})
}

var _ = Add(Scenario{
	ID:    "copy.multipart",
	Rule:  "CP-11",
	Says:  "A copy of an object uploaded in parts MUST be a single part object: its data as one piece, with the MD5 of them as ETag.",
	Ref:   refHeader + "CopySource",
	SDK:   sdk + "CopySource",
	Level: Must,
	Needs: []Feature{Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, body := s.Bucket(ctx), s.Bytes(5*mib+1)
		assemble(ctx, s, b, "src", 2, func(id *string, i int32) (*string, error) {
			part := [][]byte{body[:5*mib], body[5*mib:]}[i-1]
			out, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: aws.String("src"), UploadId: id, PartNumber: &i, Body: bytes.NewReader(part)})
			if err != nil {
				return nil, err
			}
			return out.ETag, nil
		})
		out, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "dst", string(body))
		s.Expect(aws.ToString(said(out).ETag)).To(Equal(md5Tag(string(body))), "ETag of the copy")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "dst", Query: "partNumber=1"})
		s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", ""), "HEAD of part 1 of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.too-large",
	Rule:  "CP-12",
	Says:  "CopyObject of a source over 5 GiB MUST fail with 400 and copy nothing.",
	Ref:   ref,
	SDK:   sdk + "CopySource",
	Level: Must,
	Needs: []Feature{Copy, Multipart, Large},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "16m", string(s.Bytes(16*mib)))
		repeat(ctx, s, b, "256m", "16m", 16)
		repeat(ctx, s, b, "5g", "256m", 21)
		_, err := dup(ctx, s, b, "dst", source(b, "5g"))
		s.Observe("answer", Outcome(err)) // no page names the code
		s.Expect(err).To(FailWith(400))
		s.ExpectAbsent(ctx, b, "dst")
	},
})
