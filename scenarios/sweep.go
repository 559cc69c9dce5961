package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A sweeper empties one bucket of a server that may lack half of S3: it lists
// versions, else objects by V2, else by V1, and deletes by the page, else one
// by one. It reads the first page again and again, since what it deletes
// leaves the listing; what stays there is tried twice, then given up, and so
// is a key that has another version each time.
type sweeper struct {
	client *s3.Client
	bucket string
	prefix string // of the keys that may be deleted
	exact  bool   // the prefix is the one key that may be deleted
}

// maxRounds is in how many pages a key may be found with versions not seen
// before: more than a scenario makes of any.
const maxRounds = 20

// objects deletes all objects, versions and markers that can be listed.
func (w *sweeper) objects(ctx context.Context) error {
	tries, rounds := map[string]int{}, map[string]int{}
	for {
		page, err := w.page(ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", w.bucket, err)
		}
		var first, again []types.ObjectIdentifier
		found := map[string]bool{} // keys with versions not seen before
		var stuck []error
		for _, o := range page {
			id := aws.ToString(o.Key) + "\x00" + aws.ToString(o.VersionId)
			tries[id]++
			switch {
			case w.exact && aws.ToString(o.Key) != w.prefix:
			case tries[id] == 1 && rounds[aws.ToString(o.Key)] < maxRounds:
				first = append(first, o)
				found[aws.ToString(o.Key)] = true
			case tries[id] == 2: // a server without versions may want none named
				again = append(again, types.ObjectIdentifier{Key: o.Key})
			default:
				stuck = append(stuck, fmt.Errorf("%q is still listed", aws.ToString(o.Key)))
			}
		}
		if len(first)+len(again) == 0 {
			return errors.Join(stuck...)
		}
		for key := range found {
			rounds[key]++
		}
		errs := []error{w.delete(ctx, first)}
		for _, o := range again {
			errs = append(errs, w.one(ctx, o))
		}
		if ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}

// page lists versions, or, where the server lacks that or has none to tell of,
// objects. Keys come encoded, since XML cannot carry every one.
func (w *sweeper) page(ctx context.Context) ([]types.ObjectIdentifier, error) {
	var page []types.ObjectIdentifier
	add := func(enc types.EncodingType, key, version *string) {
		k := decode(key, enc)
		page = append(page, types.ObjectIdentifier{Key: &k, VersionId: version})
	}
	v, err := w.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &w.bucket, Prefix: &w.prefix, EncodingType: types.EncodingTypeUrl})
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
	v2, err := w.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.bucket, Prefix: &w.prefix, EncodingType: types.EncodingTypeUrl})
	if err == nil {
		for _, o := range v2.Contents {
			add(v2.EncodingType, o.Key, nil)
		}
		return page, nil
	}
	v1, err := w.client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: &w.bucket, Prefix: &w.prefix, EncodingType: types.EncodingTypeUrl})
	if err != nil {
		return nil, err
	}
	for _, o := range v1.Contents {
		add(v1.EncodingType, o.Key, nil)
	}
	return page, nil
}

// decode undoes encoding-type=url where the server says that it applied it.
func decode(key *string, enc types.EncodingType) string {
	k := aws.ToString(key)
	if enc == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(k); err == nil {
			return plain
		}
	}
	return k
}

// delete deletes a page at once, what is denied once more by bypassing
// governance, and what that leaves one by one.
func (w *sweeper) delete(ctx context.Context, batch []types.ObjectIdentifier) error {
	left, denied := w.many(ctx, batch, false)
	if denied {
		left, _ = w.many(ctx, left, true)
	}
	var errs []error
	for _, o := range left {
		errs = append(errs, w.one(ctx, o))
	}
	return errors.Join(errs...)
}

// many deletes several versions at once and returns those that are left, and
// whether any of them was denied.
func (w *sweeper) many(ctx context.Context, batch []types.ObjectIdentifier, bypass bool) (left []types.ObjectIdentifier, denied bool) {
	if len(batch) < 2 {
		return batch, false
	}
	in := &s3.DeleteObjectsInput{Bucket: &w.bucket, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)}}
	if bypass {
		in.BypassGovernanceRetention = &bypass
	}
	out, err := w.client.DeleteObjects(ctx, in)
	if err != nil {
		return batch, false
	}
	for _, e := range out.Errors {
		left = append(left, types.ObjectIdentifier{Key: e.Key, VersionId: e.VersionId})
		denied = denied || aws.ToString(e.Code) == "AccessDenied"
	}
	return left, denied
}

// one deletes one version, lifting a legal hold or a governance lock when one
// stands in the way.
func (w *sweeper) one(ctx context.Context, o types.ObjectIdentifier) error {
	in := &s3.DeleteObjectInput{Bucket: &w.bucket, Key: o.Key, VersionId: o.VersionId}
	_, err := w.client.DeleteObject(ctx, in)
	if outcomeOf(err).status != http.StatusForbidden || o.VersionId == nil {
		return err
	}
	_, holdErr := w.client.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &w.bucket, Key: o.Key, VersionId: o.VersionId,
		LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff}})
	in.BypassGovernanceRetention = aws.Bool(true)
	if _, err := w.client.DeleteObject(ctx, in); err != nil {
		return errors.Join(err, holdErr)
	}
	return nil
}

// keys deletes the current versions of keys, listed or not.
func (w *sweeper) keys(ctx context.Context, keys []string) error {
	var errs []error
	for _, k := range keys {
		if err := w.one(ctx, types.ObjectIdentifier{Key: &k}); err != nil && outcomeOf(err).status != http.StatusNotFound {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// policy removes a policy, which may deny the rest.
func (w *sweeper) policy(ctx context.Context) error {
	_, err := w.client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &w.bucket})
	if o := outcomeOf(err); o.unsupported() || o.status == http.StatusNotFound {
		return nil
	}
	return err
}

// uploads aborts the uploads in progress, each once.
func (w *sweeper) uploads(ctx context.Context) error {
	tried := map[string]bool{}
	var errs []error
	for {
		out, err := w.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &w.bucket, Prefix: &w.prefix, EncodingType: types.EncodingTypeUrl})
		if o := outcomeOf(err); o.unsupported() || o.status == http.StatusNotFound {
			return errors.Join(errs...) // it lacks uploads, or says so when there are none
		}
		if err != nil {
			return fmt.Errorf("list uploads of %s: %w", w.bucket, err)
		}
		before := len(tried)
		for _, u := range out.Uploads {
			k := decode(u.Key, out.EncodingType)
			if w.exact && k != w.prefix || tried[aws.ToString(u.UploadId)] {
				continue
			}
			tried[aws.ToString(u.UploadId)] = true
			_, err := w.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.bucket, Key: &k, UploadId: u.UploadId})
			if outcomeOf(err).status != http.StatusNotFound {
				errs = append(errs, err)
			}
		}
		if len(tried) == before || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}
