// Package publicaccess holds the rules of the two settings of a bucket that
// stand above ACLs and policies: the public access block, and who owns the
// objects that are put there.
package publicaccess

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiConfiguration = api + "API_PublicAccessBlockConfiguration.html"
	apiCreate        = api + "API_CreateBucket.html"
	apiErrors        = api + "ErrorResponses.html#ErrorCodeList"

	guideBlock     = guide + "access-control-block-public-access.html"
	guideSettings  = guideBlock + "#access-control-block-public-access-options"
	guidePublic    = guideBlock + "#access-control-block-public-access-policy-status"
	guideOwnership = guide + "about-object-ownership.html"
	guideRefused   = guide + "object-ownership-error-responses.html"
	guideDenied    = guide + "troubleshoot-403-errors.html"
)

// The two groups whose members are the public.
const (
	allUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// The switches of a block, as its document names them.
const (
	blockAcls   = "BlockPublicAcls"
	ignoreAcls  = "IgnorePublicAcls"
	blockPolicy = "BlockPublicPolicy"
	restrict    = "RestrictPublicBuckets"
)

var switches = []string{blockAcls, ignoreAcls, blockPolicy, restrict}

// owned makes a new bucket's ownership o.
func owned(o types.ObjectOwnership) func(*s3.CreateBucketInput) {
	return func(in *s3.CreateBucketInput) { in.ObjectOwnership = o }
}

// open returns a bucket where ACLs count and nothing is blocked.
func open(ctx context.Context, s *S, o types.ObjectOwnership) string {
	b := s.Bucket(ctx, owned(o))
	_, err := s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &b})
	s.Must(err, "lift the public access block")
	settleBlock(ctx, s, b, nil)
	return b
}

// block turns the named switches of the bucket on, and the others off, and
// waits until they read back.
func block(ctx context.Context, s *S, bucket string, on ...string) {
	_, err := s.SDK().PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket, PublicAccessBlockConfiguration: configuration(on)})
	s.Must(err, fmt.Sprintf("set the public access block to %v", on))
	settleBlock(ctx, s, bucket, on)
}

// settleBlock waits until the switches that are on are those named.
func settleBlock(ctx context.Context, s *S, bucket string, on []string) {
	s.Settle(ctx, fmt.Sprintf("the public access block reads %v", on), func() error {
		got, err := effective(ctx, s, bucket)
		if err == nil && fmt.Sprint(got) != fmt.Sprint(shown(configuration(on))) {
			err = fmt.Errorf("it reads %v", got)
		}
		return err
	})
}

// configuration is the document with exactly the named switches on.
func configuration(on []string) *types.PublicAccessBlockConfiguration {
	set := map[string]bool{}
	for _, name := range on {
		set[name] = true
	}
	return &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(set[blockAcls]), IgnorePublicAcls: aws.Bool(set[ignoreAcls]),
		BlockPublicPolicy: aws.Bool(set[blockPolicy]), RestrictPublicBuckets: aws.Bool(set[restrict])}
}

// shown names the switches that are on, in the order of switches.
func shown(c *types.PublicAccessBlockConfiguration) []string {
	on := []string{}
	for i, v := range []*bool{c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets} {
		if aws.ToBool(v) {
			on = append(on, switches[i])
		}
	}
	return on
}

// effective reads the switches that are on; where nothing is set, none is.
func effective(ctx context.Context, s *S, bucket string) ([]string, error) {
	out, err := s.SDK().GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	if none, _ := FailWith(404, "NoSuchPublicAccessBlockConfiguration").Match(err); none {
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	return shown(out.PublicAccessBlockConfiguration), nil
}

// own sets the bucket's ownership and waits until it reads back.
func own(ctx context.Context, s *S, bucket string, o types.ObjectOwnership) {
	_, err := putOwnership(ctx, s, bucket, o)
	s.Must(err, "set the ownership to "+string(o))
	s.Settle(ctx, "the ownership reads "+string(o), func() error { return ownedBy(ctx, s, bucket, o) })
}

func putOwnership(ctx context.Context, s *S, bucket string, o types.ObjectOwnership) (*s3.PutBucketOwnershipControlsOutput, error) {
	return s.SDK().PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &bucket,
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: o}}}})
}

// ownedBy is nil when the bucket's ownership reads o and nothing else.
func ownedBy(ctx context.Context, s *S, bucket string, o types.ObjectOwnership) error {
	out, err := s.SDK().GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &bucket})
	if err == nil && (len(out.OwnershipControls.Rules) != 1 || out.OwnershipControls.Rules[0].ObjectOwnership != o) {
		err = fmt.Errorf("the ownership reads %v", out.OwnershipControls.Rules)
	}
	return err
}

// until sends until the answer has the status, or the settle time is over, and
// returns the last answer: settings take effect eventually, and the scenario
// judges what comes then.
func until(ctx context.Context, s *S, status int, r Request) *Response {
	var last *Response
	_ = Settled(ctx, s, fmt.Sprintf("%s %q answers %d", r.Method, r.Key, status), func() error {
		if last = s.Send(ctx, r); last.Status != status {
			return errors.New(Outcome(last))
		}
		return nil
	})
	return last
}

// mustUntil is until for what the scenario rests on: it is blocked when the
// status never comes.
func mustUntil(ctx context.Context, s *S, status int, r Request) {
	doing := fmt.Sprintf("%s %q that answers %d", r.Method, r.Key, status)
	if got := until(ctx, s, status, r); got.Status != status {
		lacks(s, got, doing)
		s.Must(errors.New(Outcome(got)), doing)
	}
}

// lacks ends the scenario as unsupported when the server says that it has no
// such thing.
func lacks(s *S, r *Response, doing string) {
	if r.Status == 501 || r.Status == 405 {
		s.Expect(r).To(OK(), doing)
	}
}

// put writes an object with headers.
func put(bucket, key string, header ...[2]string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Body: []byte("v"), Header: header}
}

// setACL replaces the ACL of a key, or of the bucket when key is "".
func setACL(bucket, key string, header ...[2]string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Query: "acl=", Header: header}
}

// canned is the header of a canned ACL.
func canned(name string) [2]string { return [2]string{"x-amz-acl", name} }

// by reads a key as somebody else, or lists the bucket when key is "".
func by(who Who, bucket, key string) Request {
	return Request{Method: "GET", Bucket: bucket, Key: key, As: who}
}

// altID is the canonical id of the second account.
func altID(ctx context.Context, s *S) string {
	out, err := s.Alt().ListBuckets(ctx, &s3.ListBucketsInput{})
	s.Must(err, "learn the second account's canonical id")
	return aws.ToString(out.Owner.ID)
}

// mainID is the canonical id of the first account.
func mainID(ctx context.Context, s *S) string {
	out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
	s.Must(err, "learn the account's canonical id")
	return aws.ToString(out.Owner.ID)
}

// must is S.Must for the answer to a raw request.
func must(s *S, r *Response, doing string) {
	if ok, _ := OK().Match(r); !ok {
		lacks(s, r, doing)
		s.Must(errors.New(Outcome(r)), doing)
	}
}
