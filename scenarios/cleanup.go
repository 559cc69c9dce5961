package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// cleanUpTime bounds the clean-up behind one scenario.
const cleanUpTime = 60 * time.Second

// cleanUp removes what the scenario made. It decides no verdict; what it
// cannot remove stays in the ledger for `bleepstore cleanup`.
func (s *S) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
	defer cancel()
	s.mu.Lock()
	names, reserved := slices.Clone(s.buckets), slices.Clone(s.reserved)
	s.mu.Unlock()
	for _, b := range names {
		_ = s.session.Remove(ctx, b) // stays in the ledger
	}
	for _, b := range reserved {
		if !s.writes.created(b) {
			continue
		}
		if s.session.RemoveReserved(ctx, b) != nil {
			_ = s.session.Ledger.Own(b) // the run made it: it counts as left over
		}
	}
	if b := s.session.Target.Bucket; b != "" {
		_ = s.session.RemoveKeys(ctx, b, s.session.Ledger.Keys(b))
	}
}

// Remove empties and deletes a bucket of the ledger, by whatever means the
// server offers, and records that it is gone.
func (ses *Session) Remove(ctx context.Context, bucket string) error {
	if !ses.Ledger.Admits(bucket) || bucket == ses.Target.Bucket {
		return fmt.Errorf("%w: remove %q", ErrGuard, bucket)
	}
	c := ses.cleaner()
	_, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	if err != nil && outcomeOf(err).status != http.StatusNotFound {
		err = errors.Join(ses.empty(ctx, c, bucket, nil), ses.abort(ctx, c, bucket, nil))
		if _, derr := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); derr != nil && outcomeOf(derr).status != http.StatusNotFound {
			return fmt.Errorf("remove bucket %s: %w", bucket, errors.Join(err, derr))
		}
	}
	return ses.Ledger.Gone(bucket)
}

// RemoveKeys deletes the given keys, all their versions and uploads, from a
// bucket that is not the run's to delete.
func (ses *Session) RemoveKeys(ctx context.Context, bucket string, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	c := ses.cleaner()
	only := map[string]bool{}
	for _, k := range keys {
		only[k] = true
	}
	return errors.Join(ses.empty(ctx, c, bucket, only), ses.abort(ctx, c, bucket, only))
}

// cleaner is a client outside any scenario: it may retry, and its exchanges
// are judged by nobody.
func (ses *Session) cleaner() *s3.Client {
	t := &ses.Target
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(t.Endpoints[0].String()),
		Region:       t.Region, UsePathStyle: true,
		HTTPClient:                 &http.Client{Transport: ses.base, CheckRedirect: noRedirect},
		RetryMaxAttempts:           3,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: t.Main.Access, SecretAccessKey: t.Main.Secret, SessionToken: t.Main.Session}, nil
		}),
		DisableLogOutputChecksumValidationSkipped: true,
	})
}

// empty deletes all objects of bucket, or only the given keys. It tries
// versions first, then plain listings.
func (ses *Session) empty(ctx context.Context, c *s3.Client, bucket string, only map[string]bool) error {
	var errs []error
	del := func(key string, version *string) {
		if only != nil && !only[key] {
			return
		}
		if err := deleteOne(ctx, c, bucket, key, version); err != nil {
			errs = append(errs, err)
		}
	}
	versions := s3.NewListObjectVersionsPaginator(c, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for versions.HasMorePages() {
		page, err := versions.NextPage(ctx)
		if err != nil {
			return errors.Join(append(errs, ses.emptyPlain(ctx, c, bucket, del))...)
		}
		for _, v := range page.Versions {
			del(aws.ToString(v.Key), v.VersionId)
		}
		for _, m := range page.DeleteMarkers {
			del(aws.ToString(m.Key), m.VersionId)
		}
	}
	return errors.Join(errs...)
}

// emptyPlain lists without versions: V2, then V1.
func (ses *Session) emptyPlain(ctx context.Context, c *s3.Client, bucket string, del func(string, *string)) error {
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			v1, err := c.ListObjects(ctx, &s3.ListObjectsInput{Bucket: &bucket})
			if err != nil {
				return fmt.Errorf("list %s: %w", bucket, err)
			}
			page = &s3.ListObjectsV2Output{Contents: v1.Contents}
		}
		for _, o := range page.Contents {
			del(aws.ToString(o.Key), nil)
		}
	}
	return nil
}

// deleteOne deletes one version, lifting a legal hold or a governance lock
// when one stands in the way.
func deleteOne(ctx context.Context, c *s3.Client, bucket, key string, version *string) error {
	in := &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: version}
	_, err := c.DeleteObject(ctx, in)
	if outcomeOf(err).status != http.StatusForbidden || version == nil {
		return err
	}
	_, holdErr := c.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &bucket, Key: &key, VersionId: version,
		LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff}})
	in.BypassGovernanceRetention = aws.Bool(true)
	if _, err := c.DeleteObject(ctx, in); err != nil {
		return errors.Join(err, holdErr)
	}
	return nil
}

// abort ends the uploads in progress, or only those of the given keys.
func (ses *Session) abort(ctx context.Context, c *s3.Client, bucket string, only map[string]bool) error {
	var errs []error
	pages := s3.NewListMultipartUploadsPaginator(c, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		switch o := outcomeOf(err); {
		case err == nil:
		case o.unsupported() || o.status == http.StatusNotFound: // no such listing, or nothing to list
			return errors.Join(errs...)
		default:
			return errors.Join(append(errs, err)...)
		}
		for _, u := range page.Uploads {
			if only != nil && !only[aws.ToString(u.Key)] {
				continue
			}
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId})
			if err != nil && outcomeOf(err).status != http.StatusNotFound {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
