package listing

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// one returns the only entry of a bucket, by each version of the operation.
func one(ctx context.Context, s *S, bucket string, v int) types.Object {
	var contents []types.Object
	if v == 1 {
		out, err := s.SDK().ListObjects(ctx, &s3.ListObjectsInput{Bucket: &bucket})
		s.Expect(err).To(OK(), "ListObjects V1")
		contents = out.Contents
	} else {
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
		s.Expect(err).To(OK(), "ListObjects V2")
		contents = out.Contents
	}
	s.Expect(contents).To(HaveLen(1), "entries of ListObjects V%d", v)
	return contents[0]
}

var _ = Add(Scenario{
	ID:    "listing.content.fields",
	Rule:  "L-17",
	Says:  "An entry MUST tell the object's Size, its ETag as HEAD does, quotes included, and its StorageClass.",
	Ref:   refObject,
	SDK:   "s3@v1.114.8 types.Object",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "head k")
		for _, v := range versions {
			got := one(ctx, s, b, v)
			s.Expect(got.Size).To(HaveValue(BeEquivalentTo(5)), "Size, V%d", v)
			s.Expect(aws.ToString(got.ETag)).To(Equal(aws.ToString(head.ETag)), "ETag, V%d", v)
			s.Expect(aws.ToString(got.ETag)).To(MatchRegexp(`^"[^"]+"$`), "ETag, V%d", v)
			s.Expect(got.StorageClass).To(Equal(types.ObjectStorageClassStandard), "StorageClass, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.asked",
	Rule:  "L-17",
	Says:  "A listing MUST name the bucket that it is of, and return the Prefix and the Delimiter that were sent.",
	Ref:   refV2 + "#API_ListObjectsV2_ResponseElements",
	SDK:   sdkV2Out + ".Name",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a/b-1", "a/c")
		for _, v := range []string{"", "list-type=2&"} {
			got := send(ctx, s, b, v+"prefix=a/&delimiter=-")
			s.Expect(got.Name).To(Equal(b), "Name of ?%s", v)
			s.Expect(got.Prefix).To(Equal("a/"), "Prefix of ?%s", v)
			s.Expect(got.Delimiter).To(Equal("-"), "Delimiter of ?%s", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.sizes",
	Rule:  "L-17",
	Says:  "Size of an entry MUST be the object's length, of empty and of large objects too.",
	Ref:   refObject + "#AmazonS3-Type-Object-Size",
	SDK:   "s3@v1.114.8 types.Object.Size",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, size := range []int{0, 1, 65_535, 65_536, 5<<20 + 1} {
			s.MustPut(ctx, b, "k", string(s.Bytes(size)))
			for _, v := range versions {
				s.Expect(one(ctx, s, b, v).Size).To(HaveValue(BeEquivalentTo(size)), "Size, V%d", v)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.last-modified",
	Rule:  "L-17",
	Says:  "LastModified of an entry MUST be the instant, to the second, that HEAD tells.",
	Ref:   refObject + "#AmazonS3-Type-Object-LastModified",
	SDK:   "s3@v1.114.8 types.Object.LastModified",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "head k")
		for _, v := range versions {
			got := one(ctx, s, b, v)
			s.Expect(aws.ToTime(got.LastModified).Truncate(time.Second).UTC()).To(Equal(aws.ToTime(head.LastModified).UTC()), "V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.of-parts",
	Rule:  "L-17",
	Says:  "An entry of an object made of parts MUST tell the Size, the ETag and the LastModified that HEAD does.",
	Ref:   refObject,
	SDK:   "s3@v1.114.8 types.Object.LastModified",
	Level: Must,
	Needs: []Feature{Listing, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		id, part := upload(ctx, s, b, "k", "one part")
		_, err := s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("k"), UploadId: &id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part}}}})
		s.Must(err, "complete the upload")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "head k")
		for _, v := range versions {
			got := one(ctx, s, b, v)
			s.Expect(aws.ToInt64(got.Size)).To(Equal(aws.ToInt64(head.ContentLength)), "Size, V%d", v)
			s.Expect(aws.ToString(got.ETag)).To(Equal(aws.ToString(head.ETag)), "ETag, V%d", v)
			s.Expect(aws.ToTime(got.LastModified).Truncate(time.Second).UTC()).To(Equal(aws.ToTime(head.LastModified).UTC()), "LastModified, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.overwritten",
	Rule:  "L-17",
	Says:  "After an overwrite a key MUST be listed once, with the Size and ETag of the new object.",
	Ref:   refStrong,
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		put := s.MustPut(ctx, b, "k", "hello, world")
		for _, v := range versions {
			got := one(ctx, s, b, v)
			s.Expect(got.Size).To(HaveValue(BeEquivalentTo(12)), "Size, V%d", v)
			s.Expect(aws.ToString(got.ETag)).To(Equal(aws.ToString(put.ETag)), "ETag, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.content.checksum",
	Rule:  "L-17",
	Says:  "An entry MUST name the algorithm and the type of the checksum that is stored with the object.",
	Ref:   refObject + "#AmazonS3-Type-Object-ChecksumAlgorithm",
	SDK:   "s3@v1.114.8 types.Object.ChecksumAlgorithm",
	Level: Must,
	Needs: []Feature{Listing, Checksum},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.SDK().PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
		s.Must(err, "put with a checksum")
		for _, v := range versions {
			got := one(ctx, s, b, v)
			s.Expect(got.ChecksumAlgorithm).To(Equal([]types.ChecksumAlgorithm{types.ChecksumAlgorithmSha256}), "ChecksumAlgorithm, V%d", v)
			s.Expect(got.ChecksumType).To(Equal(types.ChecksumTypeFullObject), "ChecksumType, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.owner.default",
	Rule:  "L-16",
	Says:  "ListObjectsV2 MUST NOT return Owner unless fetch-owner is true.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-request-uri-querystring-FetchOwner",
	SDK:   sdkV2 + ".FetchOwner",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(one(ctx, s, b, 2).Owner).To(BeNil(), "Owner without fetch-owner")
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b, FetchOwner: aws.Bool(false)})
		s.Expect(err).To(OK(), "fetch-owner=false")
		s.Expect(out.Contents).To(HaveLen(1))
		s.Expect(out.Contents[0].Owner).To(BeNil(), "Owner with fetch-owner=false")
	},
})

var _ = Add(Scenario{
	ID:    "listing.owner.fetched",
	Rule:  "L-16",
	Says:  "ListObjectsV2 MUST return Owner with its ID when fetch-owner is true.",
	Ref:   refV2 + "#AmazonS3-ListObjectsV2-request-uri-querystring-FetchOwner",
	SDK:   sdkV2 + ".FetchOwner",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b, FetchOwner: aws.Bool(true)})
		s.Expect(err).To(OK())
		s.Expect(out.Contents).To(HaveLen(1))
		s.Expect(out.Contents[0].Owner).NotTo(BeNil(), "Owner")
		s.Expect(aws.ToString(out.Contents[0].Owner.ID)).NotTo(BeEmpty(), "Owner.ID")
	},
})

var _ = Add(Scenario{
	ID:    "listing.owner.v1",
	Rule:  "L-16",
	Says:  "ListObjects MUST return the Owner of each entry.",
	Ref:   refV1 + "#API_ListObjects_Examples",
	SDK:   "s3@v1.114.8 types.Object.Owner",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		got := one(ctx, s, b, 1)
		s.Expect(got.Owner).NotTo(BeNil(), "Owner")
		s.Expect(aws.ToString(got.Owner.ID)).NotTo(BeEmpty(), "Owner.ID")
	},
})

var _ = Add(Scenario{
	ID:    "listing.bucket-region",
	Rule:  "L-24",
	Says:  "A listing SHOULD name the bucket's Region in x-amz-bucket-region.",
	Ref:   "https://github.com/versity/versitygw/issues/1814",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, raw := range []string{"", "list-type=2"} {
			r := s.Send(ctx, Request{Bucket: b, Query: raw})
			s.Expect(r).To(OK(), "?%s", raw)
			s.Expect(r).To(HaveHeader("x-amz-bucket-region", s.Target().Region), "?%s", raw)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.list-type.unknown",
	Rule:  "L-25",
	Says:  "A list-type other than 2 SHOULD make no difference: the listing is of version 1.",
	Ref:   refMeasured,
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b")
		for _, v := range []string{"1", "3", "x", ""} {
			r := s.Send(ctx, Request{Bucket: b, Query: "list-type=" + v})
			s.Observe("list-type="+v, answer(r))
			s.Expect(r).To(OK(), "list-type=%s", v)
			s.Expect(string(r.Body)).To(ContainSubstring("Marker>"), "list-type=%s", v) // empty or not, only V1 has one
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.other-version",
	Rule:  "L-25",
	Says:  "ListObjects with start-after or continuation-token, and ListObjectsV2 with marker, SHOULD be refused with 400 InvalidArgument.",
	Ref:   refMeasured,
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, raw := range []string{"start-after=a", "continuation-token=a", "list-type=2&marker=a"} {
			s.Expect(s.Send(ctx, Request{Bucket: b, Query: raw})).To(FailWith(400, "InvalidArgument"), "?%s", raw)
		}
	},
})
