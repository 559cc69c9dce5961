package conditional

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// demand sets a bucket policy that denies action unless the request carries
// the condition header behind key. Policies take effect eventually: it waits
// until probe, which the policy forbids, is refused, or the settle time is
// over; the scenario judges what comes then. The policy is removed by what
// demand returns, since it would stand in the way of the clean-up too.
func demand(ctx context.Context, s *S, bucket, action, key string, probe func() error) (lift func()) {
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":%q,`+
		`"Resource":"arn:aws:s3:::%s/*","Condition":{"Null":{%q:"true"}}}]}`, action, bucket, key)
	_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(policy)})
	s.Must(err, "set a policy that demands "+key)
	_ = Settled(ctx, s, "the policy refuses what it forbids", func() error { // the scenario judges a policy that never does
		if probe() == nil {
			return errors.New("still allowed")
		}
		return nil
	})
	return func() { _, _ = s.SDK().DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket}) }
}

var _ = Add(Scenario{
	ID:    "conditional.policy.put",
	Rule:  "W-21",
	Says:  "A bucket policy that demands s3:if-none-match MUST make an unconditional PutObject fail with 403 AccessDenied.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html",
	Level: Must,
	Needs: []Feature{ConditionalWrite, Policy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		defer demand(ctx, s, b, "s3:PutObject", "s3:if-none-match", func() error { return put(ctx, s, b, "probe", "v") })()
		s.Expect(put(ctx, s, b, "k", "v")).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, b, "k")
		s.Expect(put(ctx, s, b, "k", "v", IfNoneMatch("*"))).To(OK(), "a conditional put")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.policy.delete",
	Rule:  "W-23",
	Says:  "A bucket policy that demands s3:if-match MUST make an unconditional DeleteObject fail with 403 AccessDenied.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html",
	Level: Must,
	Needs: []Feature{ConditionalWrite, Policy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		defer demand(ctx, s, b, "s3:DeleteObject", "s3:if-match", func() error {
			_, err := s.Delete(ctx, b, "probe")
			return err
		})()
		_, err := s.Delete(ctx, b, "k")
		s.Expect(err).To(FailWith(403, "AccessDenied"))
		s.ExpectUnchanged(ctx, b, "k", "v")
		_, err = s.Delete(ctx, b, "k", IfMatch(etag(ctx, s, b, "k")))
		s.Expect(err).To(OK(), "a conditional delete")
	},
})
