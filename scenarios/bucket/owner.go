package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/onsi/gomega/types"

	. "bleepstore/scenarios"
)

// stranger is an account id that owns no bucket of the run.
const stranger = "999988887777"

// ownerless are the calls whose answer needs a state that the table does not
// make: an upload, a configuration.
var ownerless = map[string]bool{"upload.part": true, "upload.list-parts": true, "upload.complete": true, "upload.abort": true,
	"object.retention.put": true, "object.legal-hold.put": true, "object-lock.put": true}

func init() {
	for _, c := range calls {
		if ownerless[c.name] {
			continue
		}
		Add(Scenario{
			ID:    "bucket.expected-owner." + c.name,
			Rule:  "B-19",
			Says:  "A request whose x-amz-expected-bucket-owner is not the bucket's owner MUST fail with 403 AccessDenied and change nothing: " + title(c) + ".",
			Ref:   refOwner,
			SDK:   "s3@v1.114.8 PutObjectInput.ExpectedBucketOwner",
			Level: Must,
			Needs: []Feature{Buckets, c.need},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				s.Expect(s.Send(ctx, expecting(c, b, stranger))).To(denied(c.method))
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

// expecting renders the call with the header under test.
func expecting(c call, bucket, owner string) Request {
	r := c.request(bucket)
	r.Header = append(r.Header, [2]string{"x-amz-expected-bucket-owner", owner})
	return r
}

// denied matches a refusal for want of permission; HEAD has no body to tell.
func denied(method string) types.GomegaMatcher {
	if method == "HEAD" {
		return FailWith(403)
	}
	return FailWith(403, "AccessDenied")
}

var _ = Add(Scenario{
	ID:    "bucket.expected-owner.empty-bucket",
	Rule:  "B-19",
	Says:  "DeleteBucket with another account as x-amz-expected-bucket-owner MUST fail with 403 AccessDenied and keep an empty bucket too.",
	Ref:   refOwner,
	SDK:   "s3@v1.114.8 DeleteBucketInput.ExpectedBucketOwner",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Header: [][2]string{{"x-amz-expected-bucket-owner", stranger}}})
		s.Expect(r).To(FailWith(403, "AccessDenied"))
		_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
		s.Expect(err).To(OK(), "HeadBucket after a refused DeleteBucket")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.expected-owner.malformed",
	Rule:  "B-19",
	Says:  "A request whose x-amz-expected-bucket-owner is no account id MUST fail with 400 InvalidBucketOwnerAWSAccountID.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, bad := range []string{"nobody", "12345", "1234567890123"} {
			_, err := s.Put(ctx, b, "k", "new", Header("x-amz-expected-bucket-owner", bad))
			s.Expect(err).To(FailWith(400, "InvalidBucketOwnerAWSAccountID"), "PUT, %q", bad)
			_, err = s.Get(ctx, b, "k", Header("x-amz-expected-bucket-owner", bad))
			s.Expect(err).To(FailWith(400, "InvalidBucketOwnerAWSAccountID"), "GET, %q", bad)
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})
