package consistency

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// locked deletes versions that the bucket's default retention keeps, one's own and
// others', while keys are written, hidden and read: no such delete has an effect,
// whatever it was told.
var locked = Workload{
	Name:    "locked",
	Rule:    "OL-10",
	Says:    "A version that the bucket's default retention keeps MUST stay, whoever deletes it by its id: every acknowledged write is listed as a version and read back.",
	Ref:     "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-periods",
	Model:   "versions",
	Needs:   []Feature{Objects, Versioning, Lock},
	Clients: 8, Keys: 6, Wear: 300, Locked: true,
	Moves: []Move{
		{"put", 35, func(ctx context.Context, c *client, h *holding) {
			op := c.put(ctx, h, h.keys[0], c.small(), history.Arg{})
			if op.Outcome == history.OK && op.Result.VersionID != "" {
				c.version[h.keys[0]] = op.Result.VersionID
			}
		}},
		{"get", 20, func(ctx context.Context, c *client, h *holding) {
			op := c.get(ctx, h, h.keys[0])
			if op.Outcome == history.OK && op.Result.VersionID != "" {
				c.version[h.keys[0]] = op.Result.VersionID
			}
		}},
		{"get-version", 12, func(ctx context.Context, c *client, h *holding) {
			if id := c.version[h.keys[0]]; id != "" {
				c.read(ctx, h, history.Op{Kind: history.Get, Key: h.keys[0], Arg: history.Arg{VersionID: id}})
			}
		}},
		{"delete", 10, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
		{"delete-version", 18, func(ctx context.Context, c *client, h *holding) {
			if id := c.version[h.keys[0]]; id != "" {
				c.remove(ctx, h, h.keys[0], history.Arg{VersionID: id})
			}
		}},
		{"list-versions", 5, func(ctx context.Context, c *client, h *holding) { c.listVersions(ctx, h, h.prefix) }},
	},
	Last: versions.Last,
}

// lockedBucket makes a bucket whose default retention, in governance mode, is
// longer than any run, and than a clock is off; the clean-up bypasses it.
func lockedBucket(ctx context.Context, s *S) string {
	b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) })
	keep := &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}
	_, err := s.SDK().PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: &b, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled, Rule: &types.ObjectLockRule{DefaultRetention: keep}}})
	s.Must(err, "set a default retention")
	s.Settle(ctx, "the default retention reads back", func() error {
		out, err := s.SDK().GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b})
		if err == nil && (out.ObjectLockConfiguration == nil || out.ObjectLockConfiguration.Rule == nil) {
			err = fmt.Errorf("it has no rule")
		}
		return err
	})
	return b
}
