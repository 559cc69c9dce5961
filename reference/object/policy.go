package object

import (
	"context"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/policy"
)

var (
	lockedOut = fault.NewBug("policy.owner-locked-out",
		"a policy that denies everything denies to read, replace and delete it", "P-14")
	shared = fault.NewBug("policy.others-may-change-it",
		"whom a policy lets read, replace or delete it may", "P-18")
	refusedPlainly = fault.NewBug("policy.others-are-denied",
		"who may change a policy that is not theirs is told AccessDenied", "P-18")
)

// Policy returns a bucket's policy, nil where there is none. It is the owner's
// whatever it says (P-14), and nobody else's: who it lets do action is told
// MethodNotAllowed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
func (s *Service) Policy(ctx context.Context, c Caller, bucket, action string) (*policy.Policy, error) {
	b, err := s.Find(ctx, bucket)
	switch {
	case err != nil:
		return nil, err
	case c.owns(&b) && (c.policy(&b, act{action: action}) != policy.Deny || !lockedOut.On()):
		return b.Access.Policy, nil
	case c.policy(&b, act{action: action}) == policy.Allow && shared.On():
		return b.Access.Policy, nil
	case c.policy(&b, act{action: action}) == policy.Allow && !refusedPlainly.On():
		return nil, errcode.New(errcode.MethodNotAllowed, "The specified method is not allowed against this resource.")
	}
	return nil, denied()
}

// SetPolicy replaces a bucket's policy; nil removes it: AccessDenied for a public
// one where those are blocked.
func (s *Service) SetPolicy(ctx context.Context, c Caller, bucket string, p *policy.Policy) error {
	action := "s3:PutBucketPolicy"
	if p == nil {
		action = "s3:DeleteBucketPolicy"
	}
	if _, err := s.Policy(ctx, c, bucket, action); err != nil {
		return err
	}
	_, err := s.propose(ctx, meta.SetPolicy{Bucket: bucket, Policy: p})
	return err
}
