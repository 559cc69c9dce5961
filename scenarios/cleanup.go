package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
		err = errors.Join(empty(ctx, c, bucket, "", false), abort(ctx, c, bucket, "", false))
		if _, derr := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); derr != nil && outcomeOf(derr).status != http.StatusNotFound {
			return fmt.Errorf("remove bucket %s: %w", bucket, errors.Join(err, derr))
		}
	}
	return ses.Ledger.Gone(bucket)
}

// RemoveKeys deletes the given keys, all their versions and uploads, from a
// bucket that is not the run's to delete.
func (ses *Session) RemoveKeys(ctx context.Context, bucket string, keys []string) error {
	c := ses.cleaner()
	var errs []error
	for _, key := range keys {
		errs = append(errs, empty(ctx, c, bucket, key, true), abort(ctx, c, bucket, key, true))
	}
	return errors.Join(errs...)
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

// A leftover is one version or object to delete.
type leftover struct {
	key     string
	version *string
}

// empty deletes the objects under prefix, or the one key of that name. It
// reads the first page again and again, since what it deletes leaves the
// listing. What is listed again is deleted without its version, as servers
// without versioning need; what stays even so is given up.
func empty(ctx context.Context, c *s3.Client, bucket, prefix string, exact bool) error {
	tries := map[string]int{}
	for {
		page, err := listPage(ctx, c, bucket, prefix)
		if err != nil {
			return fmt.Errorf("list %s: %w", bucket, err)
		}
		tried := 0
		var errs []error
		for _, l := range page {
			id := l.key + "\x00" + aws.ToString(l.version)
			if exact && l.key != prefix || tries[id] == 2 {
				continue
			}
			if tries[id] == 1 {
				l.version = nil
			}
			tries[id]++
			tried++
			errs = append(errs, deleteOne(ctx, c, bucket, l.key, l.version))
		}
		if tried == 0 || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}

// listPage lists versions, or, where the server lacks that, objects: V2, then
// V1. Keys come encoded, since XML cannot carry every one.
func listPage(ctx context.Context, c *s3.Client, bucket, prefix string) ([]leftover, error) {
	var page []leftover
	add := func(enc types.EncodingType, key, version *string) {
		k := aws.ToString(key)
		if plain, err := url.QueryUnescape(k); err == nil && enc == types.EncodingTypeUrl {
			k = plain
		}
		page = append(page, leftover{k, version})
	}
	v, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
	if err == nil {
		for _, o := range v.Versions {
			add(v.EncodingType, o.Key, o.VersionId)
		}
		for _, m := range v.DeleteMarkers {
			add(v.EncodingType, m.Key, m.VersionId)
		}
	}
	if len(page) > 0 {
		return page, nil
	}
	v2, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
	if err == nil {
		for _, o := range v2.Contents {
			add(v2.EncodingType, o.Key, nil)
		}
		return page, nil
	}
	v1, err := c.ListObjects(ctx, &s3.ListObjectsInput{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
	if err != nil {
		return nil, err
	}
	for _, o := range v1.Contents {
		add(v1.EncodingType, o.Key, nil)
	}
	return page, nil
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

// abort ends the uploads in progress under prefix, or those of the one key;
// each is tried once.
func abort(ctx context.Context, c *s3.Client, bucket, prefix string, exact bool) error {
	tried := map[string]bool{}
	for {
		out, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
		if o := outcomeOf(err); o.unsupported() || o.status == http.StatusNotFound {
			return nil // a server without uploads, or one that says so when there are none
		}
		if err != nil {
			return fmt.Errorf("list uploads of %s: %w", bucket, err)
		}
		before := len(tried)
		var errs []error
		for _, u := range out.Uploads {
			key := aws.ToString(u.Key)
			if plain, err := url.QueryUnescape(key); err == nil && out.EncodingType == types.EncodingTypeUrl {
				key = plain
			}
			if exact && key != prefix || tried[aws.ToString(u.UploadId)] {
				continue
			}
			tried[aws.ToString(u.UploadId)] = true
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: u.UploadId})
			errs = append(errs, err)
		}
		if len(tried) == before || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}
