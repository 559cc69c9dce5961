package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// cleanUpTime bounds the clean-up behind one scenario, beyond what its answers were
// late by.
const cleanUpTime = 60 * time.Second

// cleanUp removes what the scenario made. It decides no verdict; what it
// cannot remove stays in the ledger for `bleepstore cleanup`.
func (s *S) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime+s.deadline.lateness())
	defer cancel()
	s.mu.Lock()
	names, reserved := slices.Clone(s.buckets), slices.Clone(s.reserved)
	s.mu.Unlock()
	for _, b := range names {
		_ = s.session.Remove(ctx, b, s.writes.keysOf(b)...) // stays in the ledger
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
		_ = s.session.RemoveKeys(ctx, b, s.writes.keysOf(b)) // Close tries again
	}
}

// Remove empties and deletes a bucket of the ledger, by whatever means the
// server offers, and records that it is gone. keys are deleted too, should no
// listing spell them as they are.
func (ses *Session) Remove(ctx context.Context, bucket string, keys ...string) error {
	if !ses.Ledger.Admits(bucket) || bucket == ses.Target.Bucket {
		return fmt.Errorf("%w: remove %q", ErrGuard, bucket)
	}
	var errs []error
	w := sweeper{client: ses.cleaner(), bucket: bucket}
	for i, step := range []func(){
		func() {},
		func() { errs = append(errs, w.objects(ctx), w.uploads(ctx)) },
		func() { errs = append(errs, w.keys(ctx, keys)) },
		func() { errs = append(errs, w.policy(ctx), w.objects(ctx), w.uploads(ctx), w.keys(ctx, keys)) },
	} {
		step()
		status, err := ses.bare(ctx, http.MethodDelete, bucket)
		if err == nil && (status/100 == 2 || status == http.StatusNotFound) {
			return ses.Ledger.Gone(bucket)
		}
		if err != nil && i == 0 { // nobody answers: retries would make minutes of a server that died
			return fmt.Errorf("remove bucket %s: %w", bucket, err)
		}
		if err == nil {
			err = fmt.Errorf("DeleteBucket got %d", status)
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("remove bucket %s: %w", bucket, errors.Join(errs...))
}

// RemoveKeys deletes the given keys, all their versions and uploads, from a
// bucket that is not the run's to delete.
func (ses *Session) RemoveKeys(ctx context.Context, bucket string, keys []string) error {
	c := ses.cleaner()
	var errs []error
	for _, k := range keys {
		w := sweeper{client: c, bucket: bucket, prefix: k, exact: true}
		if strings.ContainsFunc(k, oddInListing) {
			errs = append(errs, w.keys(ctx, []string{k})) // first: where versions are kept, that adds a marker
		}
		errs = append(errs, w.objects(ctx), w.uploads(ctx))
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
		DisableS3ExpressSessionAuth:               aws.Bool(true), // a lax server may have made a name that ends in --x-s3
	})
}

// oddInListing reports whether a listing may spell a key with r differently:
// XML cannot carry it, or servers differ in how they encode it.
func oddInListing(r rune) bool {
	return r < ' ' || r == ' ' || r == '+' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF
}
