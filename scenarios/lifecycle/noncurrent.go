package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What becomes of versions that are not current, of delete markers, of locked
// versions and of uploads, where a hook moves the clock.

var hookedVersions = append(hooked, Versioning)

// stack puts versions of k and returns their ids, oldest first, and the date of
// the newest; a body "" stands for a delete.
func stack(ctx context.Context, s *S, bucket string, bodies ...string) (ids []string, made time.Time) {
	for _, body := range bodies {
		if body == "" {
			out, err := s.Delete(ctx, bucket, "k")
			s.Must(err, "delete k")
			ids = append(ids, aws.ToString(out.VersionId))
			continue
		}
		ids = append(ids, aws.ToString(s.MustPut(ctx, bucket, "k", body).VersionId))
	}
	return ids, dated(ctx, s, bucket, "date", "v")
}

const noncurrentOne = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"

// ofK is a rule for the key k.
func ofK(inner string) string { return ruleFor("<Filter><Prefix>k</Prefix></Filter>", inner) }

var _ = Add(Scenario{
	ID:    "lifecycle.noncurrent.days",
	Rule:  "LC-10",
	Says:  "Noncurrent versions MUST be removed for good from the midnight in UTC on that follows NoncurrentDays, and not before, and the current one MUST stay.",
	Ref:   guideDays,
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, ofK("<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>"))
		ids, made := stack(ctx, s, b, "one", "two", "three")
		later(ctx, s, b, made, 2, -time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/0", "k/1", "k/2")
		later(ctx, s, b, made, 2, time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/2")
		s.ExpectBody(ctx, b, "k", "three")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.noncurrent.newer",
	Rule:  "LC-10",
	Says:  "The newest noncurrent versions, as many as NewerNoncurrentVersions says, MUST stay, and those beyond be removed.",
	Ref:   guideActions,
	SDK:   sdk + "types.NoncurrentVersionExpiration.NewerNoncurrentVersions",
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, ofK("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>"))
		ids, made := stack(ctx, s, b, "0", "1", "2", "3", "4")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/2", "k/3", "k/4")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.noncurrent.newer-markers",
	Rule:  "LC-10",
	Says:  "Delete markers MUST NOT count among the noncurrent versions that NewerNoncurrentVersions retains.",
	Ref:   guideActions,
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, ofK("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>"))
		ids, made := stack(ctx, s, b, "0", "1", "", "3")
		later(ctx, s, b, made, 1, time.Hour)
		var got []string
		s.Expect(Settled(ctx, s, "the oldest version is gone", func() (err error) {
			if _, err = s.Head(ctx, b, "k", Version(ids[0])); err == nil {
				return errThere
			}
			got, err = versions(ctx, s, b, ids...)
			return err
		})).To(OK())
		s.Expect(got).To(ContainElements("k/1", "k/3"), "versions")
		s.Observe("versions", got)
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.noncurrent.deleted",
	Rule:  "LC-10",
	Says:  "The version under a delete marker MUST count as noncurrent, and be removed after NoncurrentDays.",
	Ref:   guideActions,
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, ofK(noncurrentOne))
		ids, made := stack(ctx, s, b, "0", "")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/1")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.marker.expired",
	Rule:  "LC-10",
	Says:  "ExpiredObjectDeleteMarker MUST remove a delete marker under which there is no version, and leave one under which there is.",
	Ref:   apiExpires,
	SDK:   sdk + "types.LifecycleExpiration.ExpiredObjectDeleteMarker",
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, rule(marker))
		ids, made := stack(ctx, s, b, "0", "")
		_, err := s.Delete(ctx, b, "k", Version(ids[0]))
		s.Must(err, "delete the version under the marker")
		kept := aws.ToString(s.MustPut(ctx, b, "kept", "v").VersionId)
		_, err = s.Delete(ctx, b, "kept")
		s.Must(err, "delete kept")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, []string{kept}, "date/-1", "kept/0", "kept/m")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.marker.by-days",
	Rule:  "LC-10",
	Says:  "The expiration of a key that has nothing but a delete marker MUST remove the marker.",
	Ref:   guideActions,
	Level: Must,
	Needs: hookedVersions,
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, ofK(days(1)))
		ids, made := stack(ctx, s, b, "0", "")
		_, err := s.Delete(ctx, b, "k", Version(ids[0]))
		s.Must(err, "delete the version under the marker")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, nil, "date/-1")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.locked.version",
	Rule:  "LC-11",
	Says:  "A noncurrent version under a legal hold or in its retention period MUST survive its expiration, and one that is not locked MUST NOT.",
	Ref:   guide + "object-lock-managing.html#object-lock-managing-lifecycle",
	Level: Must,
	Needs: append(hookedVersions, Lock),
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) })
		set(ctx, s, b, ofK(noncurrentOne))
		ids, made := stack(ctx, s, b, "held", "kept", "free", "current")
		_, err := s.SDK().PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &b, Key: aws.String("k"), VersionId: &ids[0],
			LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOn}})
		s.Must(err, "set a legal hold")
		until := made.AddDate(0, 0, 30).Truncate(time.Second)
		_, err = s.SDK().PutObjectRetention(ctx, &s3.PutObjectRetentionInput{Bucket: &b, Key: aws.String("k"), VersionId: &ids[1],
			Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: &until}})
		s.Must(err, "set a retention period")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/0", "k/1", "k/3")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.locked.current",
	Rule:  "LC-11",
	Says:  "The expiration of a current version that is locked MUST put a delete marker over it, and leave it.",
	Ref:   guide + "object-lock-managing.html#object-lock-managing-lifecycle",
	Level: Must,
	Needs: append(hookedVersions, Lock),
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) })
		set(ctx, s, b, ofK(days(1)))
		ids, made := stack(ctx, s, b, "held")
		_, err := s.SDK().PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &b, Key: aws.String("k"), VersionId: &ids[0],
			LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOn}})
		s.Must(err, "set a legal hold")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, ids, "date/-1", "k/0", "k/m")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.abort.done",
	Rule:  "LC-12",
	Says:  "An upload in progress MUST be aborted once DaysAfterInitiation are over, and one that no rule is for, or that only an Expiration is for, MUST go on.",
	Ref:   guideActions,
	Level: Must,
	Needs: []Feature{Multipart, Lifecycle, ClockHook},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, ofK(aborts), ruleFor("<Filter><Prefix>x</Prefix></Filter>", days(1)))
		made := dated(ctx, s, b, "date", "v")
		left := map[string]bool{}
		for _, key := range []string{"k", "other", "x"} {
			_, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key})
			s.Must(err, "create an upload of "+key)
			left[key] = true
		}
		uploads := func() (map[string]bool, error) {
			out, err := s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b})
			if err != nil {
				return nil, err
			}
			got := map[string]bool{}
			for _, u := range out.Uploads {
				got[aws.ToString(u.Key)] = true
			}
			return got, nil
		}
		later(ctx, s, b, made, 1, -time.Hour)
		s.Expect(uploads()).To(Equal(left), "uploads before the day")
		later(ctx, s, b, made, 1, 24*time.Hour)
		delete(left, "k")
		s.Expect(Settled(ctx, s, "the upload is gone", func() error {
			got, err := uploads()
			if err == nil && got["k"] {
				err = errThere
			}
			return err
		})).To(OK())
		s.Expect(uploads()).To(Equal(left), "uploads after the day")
	},
})

var errThere = errors.New("it is still there")
