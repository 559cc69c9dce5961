// Package bucket holds the rules of buckets: names, creation, deletion,
// listing, location and ownership.
package bucket

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// creation returns a request for name in the target's region.
func creation(s *S, name string) *s3.CreateBucketInput {
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.Target().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	return in
}

// settleHead waits until the bucket answers HeadBucket.
func settleHead(ctx context.Context, s *S, name string) {
	s.Settle(ctx, "the bucket answers HeadBucket", func() error {
		_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		return err
	})
}

var _ = Add(Scenario{
	ID:      "bucket.create.no-body",
	Rule:    "B-01",
	Says:    "CreateBucket without a body MUST answer 200 with Location: / and the name; the bucket then answers HeadBucket and is listed.",
	Ref:     refCreate + "#API_CreateBucket_ResponseSyntax",
	SDK:     "s3@v1.114.8 CreateBucketOutput.Location",
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName()
		r := s.Send(ctx, Request{Method: "PUT", Path: "/" + name})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("Location", "/"+name))
		settleHead(ctx, s, name)
		s.Expect(Settled(ctx, s, "the bucket is listed", func() error {
			out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
			if err == nil && find(out.Buckets, name) == nil {
				err = errors.New("the bucket is not listed")
			}
			return err
		})).To(OK(), "ListBuckets")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.configured",
	Rule:  "B-01",
	Says:  "CreateBucket with the configuration that its region asks for MUST create a bucket that answers HeadBucket.",
	Ref:   refCreate,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName()
		out, err := s.SDK().CreateBucket(ctx, creation(s, name))
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.Location)).To(ContainSubstring(name), "Location")
		settleHead(ctx, s, name)
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.again.us-east-1",
	Rule:    "B-02",
	Says:    "In us-east-1 creating one's own bucket again MUST answer 200 or 409 BucketAlreadyOwnedByYou, and keep its objects.",
	Ref:     refCreate + "#API_CreateBucket_Errors",
	SDK:     "s3@v1.114.8 types.Error.Code",
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		_, err := s.SDK().CreateBucket(ctx, creation(s, b))
		s.Observe("created again", err == nil)
		if err != nil {
			s.Expect(err).To(FailWith(409, "BucketAlreadyOwnedByYou"))
		}
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.again.versioning",
	Rule:    "B-02",
	Says:    "Creating one's own bucket again MUST leave its versioning as it is: where it succeeds, it resets ACLs and nothing else.",
	Ref:     refCreate + "#API_CreateBucket_Errors",
	SDK:     "s3@v1.114.8 types.Error.Code",
	Level:   Must,
	Needs:   []Feature{Buckets, Versioning},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		_, err := s.SDK().CreateBucket(ctx, creation(s, b))
		s.Observe("created again", err == nil)
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK(), "GetBucketVersioning")
		if out.Status != types.BucketVersioningStatusEnabled {
			s.Silently("versioning reads %q after the bucket was created again", out.Status)
		}
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.again.tags",
	Rule:    "B-02",
	Says:    "Creating one's own bucket again MUST leave its tags as they are: where it succeeds, it resets ACLs and nothing else.",
	Ref:     refCreate + "#API_CreateBucket_Errors",
	SDK:     "s3@v1.114.8 types.Error.Code",
	Level:   Must,
	Needs:   []Feature{Buckets, Tagging},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
		_, err := s.SDK().PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &b, Tagging: &types.Tagging{TagSet: set}})
		s.Must(err, "tag the bucket")
		tags := func() error {
			out, err := s.SDK().GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b})
			if err == nil && len(out.TagSet) != 1 {
				err = fmt.Errorf("%d tags", len(out.TagSet))
			}
			return err
		}
		s.Settle(ctx, "the bucket's tags can be read", tags)
		_, err = s.SDK().CreateBucket(ctx, creation(s, b))
		s.Observe("created again", err == nil)
		if err := tags(); err != nil {
			s.Silently("after the bucket was created again its tags read: %v", err)
		}
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.again",
	Rule:    "B-02",
	Says:    "Outside us-east-1 creating one's own bucket again MUST fail with 409 BucketAlreadyOwnedByYou.",
	Ref:     refCreate + "#API_CreateBucket_Errors",
	SDK:     "s3@v1.114.8 types.Error.Code",
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"!us-east-1"},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		_, err := s.SDK().CreateBucket(ctx, creation(s, b))
		s.Expect(err).To(FailWith(409, "BucketAlreadyOwnedByYou"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.taken",
	Rule:  "B-03",
	Says:  "Creating a bucket whose name another account holds MUST fail with 409 BucketAlreadyExists.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		alt, b := s.Alt(), s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		_, err := alt.CreateBucket(ctx, creation(s, b))
		s.Expect(err).To(FailWith(409, "BucketAlreadyExists"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

// configured sends a CreateBucket for an absent bucket with body.
func configured(ctx context.Context, s *S, body string) (name string, r *Response) {
	name = s.AbsentBucket()
	return name, s.Send(ctx, Request{Method: "PUT", Path: "/" + name, Body: []byte(body)})
}

// located renders a CreateBucketConfiguration.
func located(region string) string {
	return `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>` + region + `</LocationConstraint></CreateBucketConfiguration>`
}

// expectNoBucket is invariant I0 for a bucket whose creation was refused.
func expectNoBucket(ctx context.Context, s *S, name string) {
	_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	s.Expect(err).To(FailWith(404), "I0: HeadBucket after a refused CreateBucket")
}

var _ = Add(Scenario{
	ID:      "bucket.create.region.unknown",
	Rule:    "B-07",
	Says:    "CreateBucket with a LocationConstraint that is no region MUST fail with 400 InvalidLocationConstraint.",
	Ref:     refErrors,
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		name, r := configured(ctx, s, located("mars-north-1"))
		s.Expect(r).To(FailWith(400, "InvalidLocationConstraint"))
		expectNoBucket(ctx, s, name)
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.region.mismatch",
	Rule:    "B-07",
	Says:    "Outside us-east-1 CreateBucket for another region than the endpoint's MUST fail with 400 IllegalLocationConstraintException or InvalidLocationConstraint, either of which describes it.",
	Ref:     refErrors,
	Level:   Must,
	Needs:   []Feature{Buckets},
	Regions: []string{"!us-east-1"},
	Check: func(ctx context.Context, s *S) {
		other := "ap-south-1"
		if s.Target().Region == other {
			other = "eu-west-1"
		}
		name, r := configured(ctx, s, located(other))
		s.Observe("code", r.Code)
		s.Expect(r).To(FailWith(400, "IllegalLocationConstraintException", "InvalidLocationConstraint"))
		expectNoBucket(ctx, s, name)
	},
})

var _ = Add(Scenario{
	ID:      "bucket.create.region.us-east-1",
	Rule:    "B-08",
	Says:    "CreateBucket with the LocationConstraint us-east-1, which is spelt by leaving it out, SHOULD fail with 400 InvalidLocationConstraint.",
	Ref:     "https://github.com/velero-io/velero/issues/284",
	Level:   Should,
	Needs:   []Feature{Buckets},
	Regions: []string{"us-east-1"},
	Check: func(ctx context.Context, s *S) {
		name, r := configured(ctx, s, located("us-east-1"))
		s.Expect(r).To(FailWith(400, "InvalidLocationConstraint"))
		expectNoBucket(ctx, s, name)
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.malformed",
	Rule:  "B-20",
	Says:  "CreateBucket with a malformed CreateBucketConfiguration MUST fail with 400 MalformedXML and create nothing.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		for _, body := range []string{"not XML", "<CreateBucketConfiguration><LocationConstraint>", "<Unknown></Unknown>"} {
			name, r := configured(ctx, s, body)
			s.Expect(r).To(FailWith(400, "MalformedXML"), "body %q", body)
			expectNoBucket(ctx, s, name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.tags",
	Rule:  "B-21",
	Says:  "CreateBucket with Tags in its configuration MUST store them with the bucket.",
	Ref:   refConfig,
	SDK:   "s3@v1.114.8 types.CreateBucketConfiguration.Tags",
	Level: Must,
	Needs: []Feature{Buckets, Tagging},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName()
		in := creation(s, name)
		if in.CreateBucketConfiguration == nil {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{}
		}
		in.CreateBucketConfiguration.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("storage")}}
		_, err := s.SDK().CreateBucket(ctx, in)
		s.Expect(err).To(OK())
		settleHead(ctx, s, name)
		var out *s3.GetBucketTaggingOutput
		s.Expect(Settled(ctx, s, "the bucket has tags", func() (err error) {
			out, err = s.SDK().GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
			return err
		})).To(OK(), "GetBucketTagging")
		s.Expect(out.TagSet).To(HaveLen(1), "tags")
		s.Expect(aws.ToString(out.TagSet[0].Key)+"="+aws.ToString(out.TagSet[0].Value)).To(Equal("team=storage"), "the tag")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.tags-invalid",
	Rule:  "B-21",
	Says:  "CreateBucket with an invalid tag MUST fail with 400 and create nothing.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets, Tagging},
	Check: func(ctx context.Context, s *S) {
		name := s.AbsentBucket()
		in := creation(s, name)
		if in.CreateBucketConfiguration == nil {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{}
		}
		in.CreateBucketConfiguration.Tags = []types.Tag{{Key: aws.String("aws:reserved"), Value: aws.String("v")}}
		_, err := s.SDK().CreateBucket(ctx, in)
		s.Expect(err).To(FailWith(400))
		expectNoBucket(ctx, s, name)
	},
})

var _ = Add(Scenario{
	ID:    "bucket.create.after-delete",
	Rule:  "B-01",
	Says:  "A bucket that is created under the name of one that was deleted MUST have nothing of its policy, its tags, its CORS rules and its versioning.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Buckets, Policy, Tagging, CORS, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b, Policy: aws.String(fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`, b))})
		s.Must(err, "put a policy")
		_, err = s.SDK().PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &b, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
		s.Must(err, "tag the bucket")
		_, err = s.SDK().PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &b, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}}}}})
		s.Must(err, "put rules of CORS")
		read := func(sub string) *Response { return s.Send(ctx, Request{Bucket: b, Query: sub + "="}) }
		for _, sub := range []string{"policy", "tagging", "cors"} {
			s.Settle(ctx, "the bucket's "+sub+" can be read", func() error {
				if r := read(sub); r.Status != 200 {
					return errors.New(Outcome(r))
				}
				return nil
			})
		}
		_, err = s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b})
		s.Must(err, "delete the bucket")
		s.Settle(ctx, "the bucket can be created again", func() error {
			_, err := s.SDK().CreateBucket(ctx, creation(s, b))
			return err
		})
		settleHead(ctx, s, b)
		for sub, code := range map[string]string{"policy": "NoSuchBucketPolicy", "tagging": "NoSuchTagSet", "cors": "NoSuchCORSConfiguration"} {
			var last *Response
			_ = Settled(ctx, s, "the new bucket has no "+sub, func() error {
				if last = read(sub); last.Code != code {
					return errors.New(Outcome(last))
				}
				return nil
			})
			s.Expect(last).To(FailWith(404, code), "%s of the new bucket", sub)
		}
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK(), "GetBucketVersioning")
		s.Expect(string(out.Status)).To(BeEmpty(), "Status of the new bucket's versioning")
	},
})
