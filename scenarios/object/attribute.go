package object

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// attributes asks for attributes of an object.
func attributes(ctx context.Context, s *S, b, k string, names ...types.ObjectAttributes) (*s3.GetObjectAttributesOutput, error) {
	return s.SDK().GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b, Key: &k, ObjectAttributes: names})
}

var _ = Add(Scenario{
	ID:    "object.attributes.values",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST return size, ETag and Last-Modified of the object, and no storage class other than STANDARD for a standard object.",
	Ref:   refAttributes + "#API_GetObjectAttributes_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesOutput.StorageClass",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put := s.MustPut(ctx, b, "k", "hello")
		got, err := attributes(ctx, s, b, "k", types.ObjectAttributesEtag, types.ObjectAttributesObjectSize, types.ObjectAttributesStorageClass)
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(got.ObjectSize)).To(Equal(int64(5)), "ObjectSize")
		s.Expect(string(got.StorageClass)).To(BeElementOf("", "STANDARD"), "StorageClass")
		s.Expect(strings.Trim(aws.ToString(got.ETag), `"`)).To(Equal(strings.Trim(aws.ToString(put.ETag), `"`)), "ETag")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(got.LastModified).To(Equal(head.LastModified), "Last-Modified")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.etag-unquoted",
	Rule:  "O-27",
	Says:  "The ETag in the document of GetObjectAttributes SHOULD stand without quotes, unlike everywhere else.",
	Ref:   "https://github.com/floci-io/floci/pull/3093",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put := s.MustPut(ctx, b, "k", "hello")
		got, err := attributes(ctx, s, b, "k", types.ObjectAttributesEtag)
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(got.ETag)).To(Equal(strings.Trim(aws.ToString(put.ETag), `"`)))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.only-asked",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST NOT return fields that were not asked for.",
	Ref:   refAttributes + "#API_GetObjectAttributes_RequestSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesInput.ObjectAttributes",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got, err := attributes(ctx, s, b, "k", types.ObjectAttributesObjectSize)
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(got.ObjectSize)).To(Equal(int64(5)), "ObjectSize")
		s.Expect(got.ETag).To(BeNil(), "ETag")
		s.Expect(got.StorageClass).To(BeEmpty(), "StorageClass")
		s.Expect(got.Checksum).To(BeNil(), "Checksum")
		s.Expect(got.ObjectParts).To(BeNil(), "ObjectParts")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.one-header",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST take several attributes from one x-amz-object-attributes header, parted by commas, as it does from several headers.",
	Ref:   rfc9110 + "#section-5.3",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		for _, h := range [][][2]string{{{"x-amz-object-attributes", "ETag,ObjectSize"}}, {{"x-amz-object-attributes", "ETag"}, {"x-amz-object-attributes", "ObjectSize"}}} {
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "attributes=", Header: h})
			s.Expect(r).To(OK(), "%v", h)
			s.Expect(string(r.Body)).To(ContainSubstring("<ObjectSize>5</ObjectSize>"), "%v", h)
			s.Expect(string(r.Body)).To(ContainSubstring("<ETag>"), "%v", h)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.no-parts",
	Rule:  "O-27",
	Says:  "GetObjectAttributes SHOULD NOT return ObjectParts of an object that was stored by one PUT.",
	Ref:   refAttributes + "#API_GetObjectAttributes_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesOutput.ObjectParts",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got, err := attributes(ctx, s, b, "k", types.ObjectAttributesObjectParts, types.ObjectAttributesObjectSize)
		s.Expect(err).To(OK())
		s.Expect(got.ObjectParts).To(BeNil())
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.missing-header",
	Rule:  "O-27",
	Says:  "GetObjectAttributes without x-amz-object-attributes, which is required, MUST fail with 400.",
	Ref:   refAttributes + "#API_GetObjectAttributes_RequestSyntax",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "attributes="})).To(FailWith(400))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.missing-header-code",
	Rule:  "O-27",
	Says:  "The code for GetObjectAttributes without x-amz-object-attributes SHOULD be InvalidRequest.",
	Ref:   "https://github.com/versity/versitygw/issues/915",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "attributes="})).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.unknown",
	Rule:  "O-27",
	Says:  "GetObjectAttributes that asks for an attribute outside the documented five MUST fail with 400 InvalidArgument.",
	Ref:   refAttributes + "#API_GetObjectAttributes_RequestSyntax",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		_, err := attributes(ctx, s, b, "k", "Colour")
		s.Expect(err).To(FailWith(400, "InvalidArgument"))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.missing-key",
	Rule:  "O-27",
	Says:  "GetObjectAttributes of a key that does not exist MUST fail with 404 NoSuchKey.",
	Ref:   refAttributes + "#API_GetObjectAttributes_Errors",
	SDK:   "s3@v1.114.8 Client.GetObjectAttributes",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		_, err := attributes(ctx, s, s.Bucket(ctx), "absent", types.ObjectAttributesEtag)
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
	},
})

// multipart stores an object in two parts, each with a SHA-256.
func multipart(ctx context.Context, s *S, b, k string) {
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &k, ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	s.Must(err, "create an upload")
	var done []types.CompletedPart
	for i, size := range []int{5 << 20, 1000} {
		n := aws.Int32(int32(i + 1))
		part, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: &k, UploadId: up.UploadId, PartNumber: n,
			ChecksumAlgorithm: types.ChecksumAlgorithmSha256, Body: strings.NewReader(string(s.Bytes(size)))})
		s.Must(err, "upload a part")
		done = append(done, types.CompletedPart{PartNumber: n, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256})
	}
	_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: &k, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	s.Must(err, "complete the upload")
}

var _ = Add(Scenario{
	ID:    "object.attributes.parts",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST page the parts of a multipart object by x-amz-max-parts and x-amz-part-number-marker.",
	Ref:   refAttributes + "#API_GetObjectAttributes_RequestSyntax",
	SDK:   "s3@v1.114.8 types.GetObjectAttributesParts",
	Level: Must,
	Needs: []Feature{Objects, Multipart, Checksum},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		multipart(ctx, s, b, k)
		in := &s3.GetObjectAttributesInput{Bucket: &b, Key: &k, MaxParts: aws.Int32(1), ObjectAttributes: []types.ObjectAttributes{"ObjectParts", "ObjectSize"}}
		for i, size := range []int64{5 << 20, 1000} {
			got, err := s.SDK().GetObjectAttributes(ctx, in)
			s.Expect(err).To(OK(), "page %d", i+1)
			s.Expect(aws.ToInt64(got.ObjectSize)).To(Equal(int64(5<<20+1000)), "ObjectSize")
			s.Expect(got.ObjectParts).NotTo(BeNil(), "ObjectParts on page %d", i+1)
			s.Expect(aws.ToInt32(got.ObjectParts.TotalPartsCount)).To(Equal(int32(2)), "PartsCount")
			s.Expect(aws.ToBool(got.ObjectParts.IsTruncated)).To(Equal(i == 0), "IsTruncated on page %d", i+1)
			s.Expect(got.ObjectParts.Parts).To(HaveLen(1), "parts on page %d", i+1)
			s.Expect(aws.ToInt32(got.ObjectParts.Parts[0].PartNumber)).To(Equal(int32(i+1)), "PartNumber")
			s.Expect(aws.ToInt64(got.ObjectParts.Parts[0].Size)).To(Equal(size), "Size of part %d", i+1)
			in.PartNumberMarker = got.ObjectParts.NextPartNumberMarker
		}
	},
})
