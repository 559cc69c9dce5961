package auth

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// A copy reads what it copies: who may not read it must not get it by writing
// it somewhere else.

// theirBucket is a bucket of the second account's own. It is removed by what
// theirBucket returns, since the run's clean-up is the first account's.
func theirBucket(ctx context.Context, s *S) (name string, remove func()) {
	alt := s.Alt()
	name = s.NewName()
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.Target().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	_, err := alt.CreateBucket(ctx, in)
	s.Must(err, "create a bucket of the second account's")
	s.Settle(ctx, "the second account's bucket answers HeadBucket", func() error {
		_, err := alt.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		return err
	})
	return name, func() {
		_, _ = alt.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &name, Key: aws.String("stolen")})
		_, _ = alt.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	}
}

var _ = Add(Scenario{
	ID:    "auth.other-account.copy-into-own-bucket",
	Rule:  "AN-16",
	Says:  "CopyObject by another account from a private bucket into one of its own MUST be refused with 403 AccessDenied and copy nothing.",
	Ref:   api + "API_CopyObject.html",
	Level: Must,
	Needs: []Feature{Auth, SecondAccount, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "secret")
		theirs, remove := theirBucket(ctx, s)
		defer remove()
		r := Request{Method: "PUT", Bucket: theirs, Key: "stolen", As: AltAccount, Header: [][2]string{{"x-amz-copy-source", b + "/k"}}}
		s.Expect(s.Send(ctx, r)).To(FailWithAny(denied))
		_, err := s.Alt().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &theirs, Key: aws.String("stolen")})
		s.Expect(err).To(FailWith(404), "I0: HEAD of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "auth.other-account.part-copy-into-own-bucket",
	Rule:  "AN-16",
	Says:  "UploadPartCopy by another account from a private bucket into an upload of its own MUST be refused with 403 AccessDenied and copy nothing.",
	Ref:   api + "API_UploadPartCopy.html",
	Level: Must,
	Needs: []Feature{Auth, SecondAccount, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), "stolen"
		s.MustPut(ctx, b, "k", "secret")
		theirs, remove := theirBucket(ctx, s)
		defer remove()
		up, err := s.Alt().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &theirs, Key: &key})
		s.Must(err, "create an upload of the second account's")
		defer func() {
			_, _ = s.Alt().AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &theirs, Key: &key, UploadId: up.UploadId})
		}()
		r := Request{Method: "PUT", Bucket: theirs, Key: key, Query: "partNumber=1&uploadId=" + url.QueryEscape(aws.ToString(up.UploadId)),
			As: AltAccount, Header: [][2]string{{"x-amz-copy-source", b + "/k"}}}
		s.Expect(s.Send(ctx, r)).To(FailWithAny(denied))
		parts, err := s.Alt().ListParts(ctx, &s3.ListPartsInput{Bucket: &theirs, Key: &key, UploadId: up.UploadId})
		s.Expect(err).To(OK(), "I0: list the parts")
		s.Expect(parts.Parts).To(BeEmpty(), "I0: parts after the refusal")
	},
})
