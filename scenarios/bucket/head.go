package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "bucket.head.region",
	Rule:  "B-10",
	Says:  "HeadBucket MUST answer 200 with the bucket's region in x-amz-bucket-region.",
	Ref:   refHead + "#API_HeadBucket_ResponseSyntax",
	SDK:   "s3@v1.114.8 HeadBucketOutput.BucketRegion",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: s.Bucket(ctx)})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("X-Amz-Bucket-Region", s.Target().Region))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.head.arn",
	Rule:  "B-10",
	Says:  "HeadBucket and CreateBucket SHOULD return the bucket's ARN in x-amz-bucket-arn, and ListBuckets as BucketArn.",
	Ref:   "https://github.com/brekkylab/backlot/blob/main/backlot/routers/s3.py", // as measured; the reference has it of directory buckets alone
	SDK:   "s3@v1.114.8 HeadBucketOutput.BucketArn",
	Level: Should,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.AbsentBucket()
		made, err := s.SDK().CreateBucket(ctx, creation(s, name))
		s.Must(err, "create a bucket")
		want := "arn:aws:s3:::" + name
		s.Expect(aws.ToString(made.BucketArn)).To(Equal(want), "x-amz-bucket-arn of CreateBucket")
		head, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		s.Must(err, "HeadBucket")
		s.Expect(aws.ToString(head.BucketArn)).To(Equal(want), "x-amz-bucket-arn of HeadBucket")
		list, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{Prefix: &name})
		s.Must(err, "ListBuckets")
		for _, b := range list.Buckets {
			if aws.ToString(b.Name) == name {
				s.Expect(aws.ToString(b.BucketArn)).To(Equal(want), "BucketArn of ListBuckets")
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.head.missing",
	Rule:  "B-10",
	Says:  "HeadBucket of a bucket that does not exist MUST fail with 404.",
	Ref:   refHead,
	SDK:   "s3@v1.114.8 Client.HeadBucket",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.AbsentBucket()
		_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		s.Expect(err).To(FailWith(404))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.head.forbidden",
	Rule:  "B-10",
	Says:  "HeadBucket of another account's bucket MUST fail with a generic 400, 403 or 404.",
	Ref:   refHead,
	SDK:   "s3@v1.114.8 Client.HeadBucket",
	Level: Must,
	Needs: []Feature{Buckets, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, As: AltAccount})).To(FailWithAny(Answer{Status: 403}, Answer{Status: 404}, Answer{Status: 400}))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.head.forbidden-status",
	Rule:  "B-10",
	Says:  "HeadBucket of another account's bucket SHOULD fail with 403, the status of AccessDenied.",
	Ref:   refErrors,
	Level: Should,
	Needs: []Feature{Buckets, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, As: AltAccount})).To(FailWith(403))
	},
})

var _ = Add(Scenario{
	ID:      "bucket.location.us-east-1",
	Rule:    "B-09",
	Says:    "GetBucketLocation in us-east-1 MUST answer 200 with an empty LocationConstraint.",
	Ref:     refLocation + "#API_GetBucketLocation_ResponseElements",
	SDK:     "s3@v1.114.8 GetBucketLocationOutput.LocationConstraint",
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Bucket: s.Bucket(ctx), Query: "location="})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(MatchRegexp(`<LocationConstraint[^>]*(/>|>\s*</LocationConstraint>)`))
	},
})

var _ = Add(Scenario{
	ID:      "bucket.location.region",
	Rule:    "B-09",
	Says:    "GetBucketLocation outside us-east-1 MUST answer with the region that the bucket was created in.",
	Ref:     refLocation + "#API_GetBucketLocation_ResponseElements",
	SDK:     "s3@v1.114.8 GetBucketLocationOutput.LocationConstraint",
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"!us-east-1"},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		out, err := s.SDK().GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &b})
		s.Expect(err).To(OK())
		s.Expect(string(out.LocationConstraint)).To(Equal(s.Target().Region))
	},
})
