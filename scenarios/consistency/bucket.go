package consistency

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

// Buckets and their configuration are eventually consistent on AWS: what is
// demanded is that a change is seen in the end, and the time it took is observed.

var _ = Add(Scenario{
	ID:    "consistency.bucket.again",
	Rule:  "Z-13",
	Says:  "A bucket that is deleted and created again MUST in the end be there, and hold nothing of what it held before.",
	Ref:   refModel,
	Level: Must,
	Needs: []Feature{Consistency, Buckets, Objects, Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 3 {
			key := fmt.Sprint("k", round)
			s.MustPut(ctx, b, key, "old")
			_, err := s.Delete(ctx, b, key)
			s.Must(err, "delete the object")
			_, err = s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b})
			s.Must(err, "delete the bucket")
			err = Settled(ctx, s, "the bucket can be created again", func() error { return createAgain(ctx, s, b) })
			s.Expect(err).To(OK(), "CreateBucket of round %d", round+1)
			err = Settled(ctx, s, "the new bucket lists empty", func() error {
				out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
				if err == nil && len(out.Contents) > 0 {
					err = fmt.Errorf("%s is listed in the new bucket", aws.ToString(out.Contents[0].Key))
				}
				return err
			})
			s.Expect(err).To(OK(), "ListObjectsV2 of round %d", round+1)
		}
	},
})

// createAgain creates the bucket if it can be; one's own bucket that is not gone
// yet is there for good only when the deletion has been seen.
func createAgain(ctx context.Context, s *S, name string) error {
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.Target().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	if _, err := s.SDK().CreateBucket(ctx, in); err != nil {
		return err
	}
	_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	return err
}

var _ = Add(Scenario{
	ID:    "consistency.configuration.seen",
	Rule:  "Z-14",
	Says:  "A change of a bucket's configuration MUST in the end be what is read and what holds, however often it is changed.",
	Ref:   refModel,
	Level: Must,
	Needs: []Feature{Consistency, Objects, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 4 {
			to := types.BucketVersioningStatusEnabled
			if round%2 == 1 {
				to = types.BucketVersioningStatusSuspended
			}
			_, err := s.SDK().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b,
				VersioningConfiguration: &types.VersioningConfiguration{Status: to}})
			s.Must(err, "set versioning to "+string(to))
			err = Settled(ctx, s, "versioning reads "+string(to), func() error {
				out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
				if err == nil && out.Status != to {
					err = fmt.Errorf("versioning reads %q", out.Status)
				}
				return err
			})
			s.Expect(err).To(OK(), "round %d", round+1)
			err = Settled(ctx, s, "a write goes by versioning "+string(to), func() error {
				out, err := s.Put(ctx, b, "k", fmt.Sprint(round))
				if err != nil {
					return err
				}
				id := aws.ToString(out.VersionId)
				if given := id != "" && id != "null"; given != (to == types.BucketVersioningStatusEnabled) {
					err = fmt.Errorf("a write has the version %q", id)
				}
				return err
			})
			s.Expect(err).To(OK(), "round %d", round+1)
		}
	},
})
