package object

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/meta"
)

// Bounds of one step through a bucket, and how often all are gone through. Rules
// speak of days, and of midnights in UTC.
const (
	lifeScan  = 500 // keys or uploads
	lifeEvery = time.Hour
)

var (
	expiryUntagged = fault.NewBug("lifecycle.expiration-without-tags",
		"x-amz-expiration of an answer to a write does not heed tags", "LC-09")
	lostLifecycle = fault.NewBug("lifecycle.delete-forgotten",
		"DeleteBucketLifecycle answers 204 and leaves the configuration", "LC-01")
	rulesMerged = fault.NewBug("lifecycle.rules-merged",
		"PutBucketLifecycleConfiguration adds to the rules that the bucket has", "LC-01")
)

// SetLifecycle replaces a bucket's lifecycle, which is checked; nil removes it.
func (s *Service) SetLifecycle(ctx context.Context, c Caller, bucket string, to *lifecycle.Configuration) error {
	if to == nil && lostLifecycle.On() {
		return nil
	}
	if to != nil && rulesMerged.On() {
		if b, err := s.Find(ctx, bucket); err == nil {
			if old, _ := LifecycleOf(&b); old != nil {
				to.Rules = append(slices.Clone(old.Rules), to.Rules...)
			}
		}
	}
	value, err := to.Encode()
	if err != nil {
		return err
	}
	return s.configure(ctx, c, bucket, "s3:PutLifecycleConfiguration", meta.SetSetting{Bucket: bucket, Setting: meta.Lifecycle, Value: value})
}

// LifecycleOf returns the lifecycle of b, nil where it has none.
func LifecycleOf(b *Bucket) (*lifecycle.Configuration, error) {
	return lifecycle.Decode(b.Settings[meta.Lifecycle])
}

// expiry is when the current version v of b expires, nil if never.
func (s *Service) expiry(b *Bucket, v *Version) *lifecycle.Expiry {
	c := s.readable(b)
	if c == nil {
		return nil
	}
	life := lifecycle.Version{Modified: v.Modified, Size: v.Size}
	for _, t := range v.Tags {
		life.Tags = append(life.Tags, lifecycle.Tag(t))
	}
	return c.Expires(v.Key, &life)
}

// made is the result of a write that is done.
func (s *Service) made(res meta.Result) PutResult {
	v := res.Version
	if len(v.Tags) > 0 && expiryUntagged.On() {
		v.Tags = nil
	}
	return PutResult{Version: res.Version, ShowVersion: shows(res.Bucket), Expiry: s.expiry(&res.Bucket, &v)}
}

// aborts is u with the time at which the lifecycle of its bucket aborts it.
func (s *Service) aborts(b *Bucket, u Upload) Upload {
	if c := s.readable(b); c != nil {
		u.Aborts = c.Aborts(u.Key, u.Initiated)
	}
	return u
}

// readable is LifecycleOf for answers that tell of a lifecycle besides: one that
// cannot be read is logged, and none.
func (s *Service) readable(b *Bucket) *lifecycle.Configuration {
	c, err := LifecycleOf(b)
	if err != nil {
		s.logger.Error("unreadable lifecycle", "bucket", b.Name, "err", err)
		return nil
	}
	return c
}

// Expire does what the lifecycle of a bucket makes of what is in it as of at:
// NoSuchBucket. What it proposes is decided once more where it applies, so that
// nothing that was written meanwhile is lost.
func (s *Service) Expire(ctx context.Context, bucket string, at time.Time) error {
	for after, more := "", true; more; {
		var page meta.DuePage
		err := s.view(ctx, func(tx *meta.Tx) (err error) {
			page, err = tx.Due(bucket, after, at, lifeScan)
			return err
		})
		if err != nil {
			return fmt.Errorf("expire: %w", err)
		}
		for keys := range slices.Chunk(page.Keys, expireBatch) {
			if _, err := s.propose(ctx, meta.Expire{Bucket: bucket, At: at.UnixMilli(), Keys: keys}); err != nil {
				return fmt.Errorf("expire: %w", err)
			}
		}
		after, more = page.Next, page.Next != ""
	}
	return s.expireUploads(ctx, bucket, at)
}

// expireUploads does Expire's part for the uploads in progress.
func (s *Service) expireUploads(ctx context.Context, bucket string, at time.Time) error {
	q := meta.UploadsQuery{Bucket: bucket, Max: lifeScan}
	for {
		var page meta.UploadsPage
		err := s.view(ctx, func(tx *meta.Tx) (err error) {
			page, err = tx.Uploads(q)
			return err
		})
		if err != nil {
			return fmt.Errorf("expire uploads: %w", err)
		}
		c, err := LifecycleOf(&page.Bucket)
		if err != nil || c == nil {
			return err
		}
		var due []string
		for _, u := range page.Uploads {
			if e := c.Aborts(u.Key, u.Initiated); e != nil && !at.Before(e.At) {
				due = append(due, u.ID)
			}
		}
		for ids := range slices.Chunk(due, expireBatch) {
			if _, err := s.propose(ctx, meta.Expire{Bucket: bucket, At: at.UnixMilli(), Uploads: ids}); err != nil {
				return fmt.Errorf("expire uploads: %w", err)
			}
		}
		if !page.Truncated {
			return nil
		}
		q.AfterKey, q.AfterUpload = page.NextKey, page.NextUpload
	}
}

// ExpireAll is Expire for every bucket that this node knows, as of now: where none
// has a lifecycle nobody else is asked. A bucket that goes meanwhile is none.
func (s *Service) ExpireAll(ctx context.Context) error {
	now, after := s.clock.Now(), ""
	for {
		var page meta.BucketsPage
		err := s.db.View(ctx, func(tx *meta.Tx) (err error) {
			page, err = tx.Buckets(meta.BucketsQuery{After: after, Max: lifeScan})
			return err
		})
		if err != nil {
			return err
		}
		for i := range page.Buckets {
			if page.Buckets[i].Settings[meta.Lifecycle] == nil {
				continue
			}
			if err := s.Expire(ctx, page.Buckets[i].Name, now); err != nil && errcode.Of(err) != errcode.NoSuchBucket {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		after = page.Next
	}
}
