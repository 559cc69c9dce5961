//go:build cloud

package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob/gcsblob"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"bleepstore/reference/blob/cloud"
)

// A Config says which bucket, and who asks. The variable STORAGE_EMULATOR_HOST
// names an emulator, which is asked without credentials.
type Config struct {
	Bucket, Prefix string
	// Project is who is billed and whose quota counts; "": the bucket's.
	Project string
	// CredentialsFile is the JSON of a service account or of another source of
	// credentials; "": the application's default credentials.
	CredentialsFile string
}

// attempts is how often the library makes a request.
const attempts = 3

// Open opens the store in a bucket. Of o, Owner and what is optional count.
func Open(ctx context.Context, c Config, o cloud.Options) (*cloud.Store, error) {
	if c.Bucket == "" {
		return nil, errors.New("gcp: no bucket is given")
	}
	opts, err := c.options()
	if err != nil {
		return nil, fmt.Errorf("gcp: %w", err)
	}
	client, err := storage.NewClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("gcp: %w", err)
	}
	// Every object is made on condition and never changed, so all can be repeated.
	client.SetRetry(storage.WithMaxAttempts(attempts), storage.WithPolicy(storage.RetryAlways),
		storage.WithBackoff(gax.Backoff{Initial: 100 * time.Millisecond, Max: 2 * time.Second, Multiplier: 2}))
	bucket, err := gcsblob.OpenBucket(ctx, nil, c.Bucket, &gcsblob.Options{Client: client})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("gcp: %w", err), client.Close())
	}
	o.Bucket, o.Prefix = bucket, c.Prefix
	o.Provider = cloud.Provider{Name: "bucket " + c.Bucket + " of Google Cloud Storage", Kind: kind, StartAfter: startAfter, Close: client.Close}
	return cloud.Open(ctx, o)
}

func (c *Config) options() ([]option.ClientOption, error) {
	opts := []option.ClientOption{storage.WithJSONReads()}
	if os.Getenv("STORAGE_EMULATOR_HOST") != "" {
		return opts, nil
	}
	if c.Project != "" {
		opts = append(opts, option.WithQuotaProject(c.Project))
	}
	if c.CredentialsFile != "" {
		kind, err := credentialsKind(c.CredentialsFile)
		if err != nil {
			return nil, fmt.Errorf("credentials file: %w", err)
		}
		opts = append(opts, option.WithAuthCredentialsFile(kind, c.CredentialsFile))
	}
	return opts, nil
}

// credentialsKinds are the sources of credentials that a file may name.
var credentialsKinds = map[string]option.CredentialsType{
	"service_account": option.ServiceAccount, "authorized_user": option.AuthorizedUser,
	"impersonated_service_account": option.ImpersonatedServiceAccount, "external_account": option.ExternalAccount,
}

// credentialsKind reads what source of credentials a file names.
func credentialsKind(path string) (option.CredentialsType, error) {
	var file struct {
		Type string `json:"type"`
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return option.ServiceAccount, err
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return option.ServiceAccount, fmt.Errorf("%s: %w", path, err)
	}
	kind, known := credentialsKinds[file.Type]
	if !known {
		return kind, fmt.Errorf("%s: its type is %q, which this program does not know", path, file.Type)
	}
	return kind, nil
}

// kind tells what an error of the library means.
func kind(err error) cloud.Kind {
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return cloud.Refused
	case errors.Is(err, storage.ErrObjectNotExist):
		return cloud.NotFound
	}
	if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return cloud.Refused
	}
	answer, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		return cloud.Unknown
	}
	limited := slices.ContainsFunc(answer.Errors, func(e googleapi.ErrorItem) bool {
		return e.Reason == "rateLimitExceeded" || e.Reason == "userRateLimitExceeded"
	})
	switch {
	case limited, answer.Code == http.StatusTooManyRequests:
		return cloud.Throttled
	case answer.Code == http.StatusUnauthorized, answer.Code == http.StatusForbidden:
		return cloud.Refused
	case answer.Code == http.StatusNotFound:
		return cloud.NotFound
	case answer.Code == http.StatusPreconditionFailed:
		return cloud.Exists
	case answer.Code == http.StatusNotImplemented:
		return cloud.Unsupported
	}
	return cloud.Unknown
}

// startAfter has a listing begin at key.
func startAfter(as func(any) bool, key string) {
	var q *storage.Query
	if as(&q) {
		q.StartOffset = key
	}
}
