package encryption

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// Policies that ask for an encryption.

// denial is a policy of a bucket that refuses to put objects under a condition.
func denial(bucket, condition string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/*","Condition":%s}]}`, bucket, condition)
}

// What policies demand, with a request that has it and one that has not.
var demands = []struct {
	id, key, condition string
	needs              []Feature
	refused, allowed   [][2]string
}{
	{"algorithm", "s3:x-amz-server-side-encryption", `{"StringNotEquals":{"s3:x-amz-server-side-encryption":"AES256"}}`, nil,
		nil, [][2]string{header(hSSE, aes)}},
	{"kms-key", "s3:x-amz-server-side-encryption-aws-kms-key-id", `{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"alias/aws/s3"}}`, []Feature{KMSHook},
		[][2]string{header(hSSE, kms)}, [][2]string{header(hSSE, kms), header(hKMSKey, "alias/aws/s3")}},
}

func init() {
	for _, d := range demands {
		Add(Scenario{
			ID:    "encryption.policy." + d.id,
			Rule:  "E-17",
			Says:  "A policy that denies s3:PutObject by the condition key " + d.key + " MUST refuse with 403 AccessDenied what lacks the value, and let pass what has it.",
			Ref:   guide + "amazon-s3-policy-keys.html",
			Level: Must,
			Needs: append([]Feature{Encryption, Policy}, d.needs...),
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				text := denial(b, d.condition)
				_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b, Policy: &text})
				s.Must(err, "put the policy")
				s.Expect(Settled(ctx, s, "the policy takes effect", func() error {
					return refused(s.Send(ctx, put(b, "k", "hello", d.refused...)))
				})).To(OK(), "without the value")
				s.Expect(s.Send(ctx, put(b, "k", "hello", d.allowed...))).To(OK(), "with the value")
			},
		})
	}
}

// refused is nil for a 403 AccessDenied.
func refused(r *Response) error {
	if ok, _ := FailWith(403, "AccessDenied").Match(r); !ok {
		return fmt.Errorf("got %s, want 403 AccessDenied", Outcome(r))
	}
	return nil
}
