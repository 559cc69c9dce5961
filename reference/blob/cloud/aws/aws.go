// Package aws opens blob stores in AWS S3, and in what speaks its protocol. It
// knows nothing of blobs but where they are kept.
package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob/s3blob"

	"bleepstore/reference/blob/cloud"
)

// A Config says which bucket, and who asks.
type Config struct {
	Bucket, Prefix string
	Region         string // "": as the environment says
	// Endpoint is the URL of a store that is not AWS's own; "": AWS's.
	Endpoint string
	// PathStyle has the bucket in the path of requests, not in the host's name.
	PathStyle bool
	// AccessKey and SecretKey sign requests; without them the default chain is
	// asked: environment, shared files, the machine's role.
	AccessKey, SecretKey string
}

// attempts is how often the SDK sends a part of a large blob, the only request
// that the store cannot repeat by itself.
const attempts = 3

// Open opens the store in a bucket. Of o, Owner and what is optional count.
func Open(ctx context.Context, c Config, o cloud.Options) (*cloud.Store, error) {
	if c.Bucket == "" {
		return nil, errors.New("aws: no bucket is given")
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return nil, errors.New("aws: an access key and its secret key go together")
	}
	conf, err := config.LoadDefaultConfig(ctx, c.options(o)...)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	if conf.Region == "" {
		return nil, errors.New("aws: no region is given, nor one found in the environment")
	}
	client := s3.NewFromConfig(conf, func(opt *s3.Options) {
		opt.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			opt.BaseEndpoint = &c.Endpoint
		}
	})
	bucket, err := s3blob.OpenBucket(ctx, client, c.Bucket, &s3blob.Options{RequestChecksumCalculation: conf.RequestChecksumCalculation})
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	o.Bucket, o.Prefix = bucket, c.Prefix
	o.Provider = cloud.Provider{
		Name: c.name(), Kind: kind, StartAfter: startAfter,
		Abort: (&uploads{client, c.Bucket}).abort,
	}
	return cloud.Open(ctx, o)
}

func (c *Config) name() string {
	if c.Endpoint != "" {
		return fmt.Sprintf("bucket %s at %s", c.Bucket, c.Endpoint)
	}
	return "bucket " + c.Bucket + " of AWS"
}

func (c *Config) options(o cloud.Options) []func(*config.LoadOptions) error {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = 64
		t.ResponseHeaderTimeout = 30 * time.Second
	})
	all := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer { return retryer(o.Jitter) }),
	}
	if c.Region != "" {
		all = append(all, config.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		all = append(all, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	}
	if c.Endpoint != "" {
		// Not every store knows the checksums that the SDK sends by itself.
		all = append(all, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	return all
}

// retryer has the SDK try a few times, with pauses that jitter spreads.
func retryer(jitter func() float64) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = rateless{}
		if jitter != nil {
			o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
				d := 100 * time.Millisecond << min(attempt, 5)
				return d/2 + time.Duration(jitter()*float64(d/2)), nil
			})
		}
	})
}

// rateless lets every attempt through: how many there are is bounded anyway, and
// the SDK's own budget would have one bad minute refuse the next.
type rateless struct{}

func (rateless) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

func (rateless) AddTokens(uint) error { return nil }

// Codes of errors, as S3 and those like it say them.
var (
	refusals = []string{
		"AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed",
		"NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
		"AccountProblem", "AllAccessDisabled", "NotSignedUp", "MovedPermanently",
	}
	throttles = []string{"SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequests", "TooManyRequestsException"}
)

// kind tells what an error of S3 means.
func kind(err error) cloud.Kind {
	var code string
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	status := 0
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = answer.HTTPStatusCode()
	}
	switch {
	case slices.Contains(throttles, code), status == http.StatusTooManyRequests:
		return cloud.Throttled
	case slices.Contains(refusals, code), status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusMovedPermanently:
		return cloud.Refused
	case code == "NoSuchKey", code == "NotFound":
		return cloud.NotFound
	case code == "PreconditionFailed", status == http.StatusPreconditionFailed:
		return cloud.Exists
	case code == "NotImplemented", status == http.StatusNotImplemented:
		return cloud.Unsupported
	}
	return cloud.Unknown
}

// startAfter has a listing begin behind key.
func startAfter(as func(any) bool, key string) {
	var in *s3.ListObjectsV2Input
	if as(&in) {
		in.StartAfter = &key
	}
}
