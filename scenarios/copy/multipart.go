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

// assemble makes an object of n parts, each by part, as a precondition; opts
// change CreateMultipartUpload.
func assemble(ctx context.Context, s *S, bucket, key string, n int32, part func(id *string, i int32) (etag *string, err error), opts ...Opt) {
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}, opts...)
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

// uploads returns what uploads one of the bodies as each part.
func uploads(ctx context.Context, s *S, bucket, key string, bodies ...[]byte) func(id *string, i int32) (*string, error) {
	return func(id *string, i int32) (*string, error) {
		out, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: id, PartNumber: &i, Body: bytes.NewReader(bodies[i-1])})
		if err != nil {
			return nil, err
		}
		return out.ETag, nil
	}
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
		assemble(ctx, s, b, "src", 2, uploads(ctx, s, b, "src", body[:5*mib], body[5*mib:]))
		out, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.ExpectBody(ctx, b, "dst", string(body))
		s.Expect(aws.ToString(said(out).ETag)).To(Equal(md5Tag(string(body))), "ETag of the copy")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "dst", Query: "partNumber=1"})
		s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", ""), "HEAD of part 1 of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.metadata.large",
	Rule:  "CP-02",
	Says:  "A copy of a large object, or of one made of parts, MUST have its metadata and content headers too.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "large", string(s.Bytes(300_000)), dressed...)
		assemble(ctx, s, b, "parts", 1, uploads(ctx, s, b, "parts", s.Bytes(300_000)), dressed...)
		for _, key := range []string{"large", "parts"} {
			before := wears(ctx, s, b, key)
			_, err := dup(ctx, s, b, "copy of "+key, source(b, key))
			s.Expect(err).To(OK(), key)
			s.Expect(wears(ctx, s, b, "copy of "+key)).To(Equal(before), "metadata of the copy of %s", key)
			s.ExpectBody(ctx, b, "copy of "+key, string(s.Bytes(300_000)))
		}
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
