package object

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The rest of what GetObjectAttributes is documented to say.

const refAttributeParts = api + "API_GetObjectAttributesParts.html"

var _ = Add(Scenario{
	ID:    "object.attributes.parts-page",
	Rule:  "O-27",
	Says:  "A page of the parts that GetObjectAttributes returns MUST say its MaxParts, its PartNumberMarker, and, where it is truncated, the NextPartNumberMarker.",
	Ref:   refAttributeParts,
	SDK:   "s3@v1.114.8 types.GetObjectAttributesParts",
	Level: Must,
	Needs: []Feature{Objects, Multipart, Checksum},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		multipart(ctx, s, b, k)
		in := &s3.GetObjectAttributesInput{Bucket: &b, Key: &k, MaxParts: aws.Int32(1), ObjectAttributes: []types.ObjectAttributes{"ObjectParts"}}
		got, err := s.SDK().GetObjectAttributes(ctx, in)
		s.Expect(err).To(OK(), "the first page")
		s.Expect(got.ObjectParts).NotTo(BeNil(), "ObjectParts")
		s.Expect(aws.ToInt32(got.ObjectParts.MaxParts)).To(Equal(int32(1)), "MaxParts")
		s.Expect(aws.ToString(got.ObjectParts.NextPartNumberMarker)).To(Equal("1"), "NextPartNumberMarker")
		in.PartNumberMarker = aws.String("1")
		got, err = s.SDK().GetObjectAttributes(ctx, in)
		s.Expect(err).To(OK(), "the second page")
		s.Expect(aws.ToString(got.ObjectParts.PartNumberMarker)).To(Equal("1"), "PartNumberMarker")
		in.MaxParts, in.PartNumberMarker = nil, nil
		got, err = s.SDK().GetObjectAttributes(ctx, in)
		s.Expect(err).To(OK(), "all parts")
		s.Expect(got.ObjectParts.Parts).To(HaveLen(2), "parts without a limit")
		s.Expect(aws.ToBool(got.ObjectParts.IsTruncated)).To(BeFalse(), "IsTruncated")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.parts-behind-last",
	Rule:  "O-27",
	Says:  "GetObjectAttributes with an x-amz-part-number-marker behind the last part MUST return no part and the number of all.",
	Ref:   refAttributes + "#API_GetObjectAttributes_RequestSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesInput.PartNumberMarker",
	Level: Must,
	Needs: []Feature{Objects, Multipart, Checksum},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		multipart(ctx, s, b, k)
		got, err := s.SDK().GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b, Key: &k, PartNumberMarker: aws.String("2"),
			ObjectAttributes: []types.ObjectAttributes{"ObjectParts"}})
		s.Expect(err).To(OK())
		s.Expect(got.ObjectParts).NotTo(BeNil(), "ObjectParts")
		s.Expect(got.ObjectParts.Parts).To(BeEmpty(), "parts")
		s.Expect(aws.ToInt32(got.ObjectParts.TotalPartsCount)).To(Equal(int32(2)), "PartsCount")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.parts-without-checksum",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST return the number of the parts of an object whose upload asked for no checksum.",
	Ref:   refAttributeParts,
	SDK:   "s3@v1.114.8 types.GetObjectAttributesParts.TotalPartsCount",
	Level: Must,
	Needs: []Feature{Objects, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &k})
		s.Must(err, "create an upload")
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: k, Query: "partNumber=7&uploadId=" + *up.UploadId, Body: []byte("v")})
		s.Expect(r).To(OK(), "UploadPart")
		_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: &k, UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(7), ETag: aws.String(r.Header.Get("ETag"))}}}})
		s.Must(err, "complete the upload")
		got, err := attributes(ctx, s, b, k, types.ObjectAttributesObjectParts, types.ObjectAttributesObjectSize)
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(got.ObjectSize)).To(Equal(int64(1)), "ObjectSize")
		s.Expect(got.ObjectParts).NotTo(BeNil(), "ObjectParts")
		s.Expect(aws.ToInt32(got.ObjectParts.TotalPartsCount)).To(Equal(int32(1)), "PartsCount")
		s.Observe("Part elements", len(got.ObjectParts.Parts))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.storage-class",
	Rule:  "O-27",
	Says:  "GetObjectAttributes MUST return the storage class of an object that is not in STANDARD.",
	Ref:   refAttributes + "#API_GetObjectAttributes_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesOutput.StorageClass",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{{"x-amz-storage-class", "STANDARD_IA"}}})
		if r.Status == 400 && r.Code == "InvalidStorageClass" {
			s.Skip("the server has no STANDARD_IA")
		}
		s.Expect(r).To(OK(), "PUT")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		got, err := attributes(ctx, s, b, "k", types.ObjectAttributesStorageClass)
		s.Expect(err).To(OK())
		s.Expect(got.StorageClass).To(Equal(head.StorageClass), "StorageClass, as HeadObject has it")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.all",
	Rule:  "O-27",
	Says:  "GetObjectAttributes that asks for all five attributes MUST return each that the object has.",
	Ref:   refAttributes + "#API_GetObjectAttributes_ResponseElements",
	SDK:   "s3@v1.114.8 Client.GetObjectAttributes",
	Level: Must,
	Needs: []Feature{Objects, Multipart, Checksum},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		multipart(ctx, s, b, k)
		got, err := attributes(ctx, s, b, k, types.ObjectAttributes("").Values()...)
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(got.ETag)).NotTo(BeEmpty(), "ETag")
		s.Expect(got.Checksum).NotTo(BeNil(), "Checksum")
		s.Expect(aws.ToString(got.Checksum.ChecksumSHA256)).NotTo(BeEmpty(), "ChecksumSHA256")
		s.Expect(got.ObjectParts).NotTo(BeNil(), "ObjectParts")
		s.Expect(aws.ToInt64(got.ObjectSize)).To(Equal(int64(5<<20+1000)), "ObjectSize")
		s.Expect(got.LastModified).NotTo(BeNil(), "Last-Modified")
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.deleted",
	Rule:  "O-27",
	Says:  "GetObjectAttributes of a key whose current version is a delete marker MUST fail with 404 and say x-amz-delete-marker: true.",
	Ref:   refAttributes + "#API_GetObjectAttributes_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectAttributesOutput.DeleteMarker",
	Level: Must,
	Needs: []Feature{Objects, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		_, err := s.Delete(ctx, b, "k")
		s.Must(err, "delete")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "attributes=", Header: [][2]string{{"x-amz-object-attributes", "ETag"}}})
		s.Expect(r).To(FailWith(404))
		s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"))
	},
})

var _ = Add(Scenario{
	ID:    "object.attributes.max-parts-invalid",
	Rule:  "O-27",
	Says:  "GetObjectAttributes with an x-amz-max-parts that is no number, or negative, SHOULD fail with 400 InvalidArgument.",
	Ref:   refAttributes,
	Level: Should,
	Needs: []Feature{Objects, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		for _, h := range [][2]string{{"x-amz-max-parts", "many"}, {"x-amz-max-parts", "-1"}, {"x-amz-part-number-marker", "first"}} {
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "attributes=", Header: [][2]string{{"x-amz-object-attributes", "ObjectParts"}, h}})
			s.Expect(r).To(FailWith(400, "InvalidArgument"), "%s: %s", h[0], h[1])
		}
	},
})
