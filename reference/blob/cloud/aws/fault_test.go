package aws_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"bleepstore/reference"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/aws"
	"bleepstore/reference/blob/cloud/cloudtest"
)

// behind is our own server as the cloud of another one.
var behind = cloudtest.Cloud{
	Backend: reference.AWS,
	Start: func(t *testing.T, before func(*url.URL) *url.URL) cloudtest.Open {
		b := newBucket(t)
		c := b.config
		c.Endpoint = before(parse(t, b.server.URL)).String()
		return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) { return aws.Open(ctx, c, o) }
	},
	Failures: []func(*http.Request) []byte{
		func(r *http.Request) []byte { return answer(r, 500, "InternalError") },
		func(r *http.Request) []byte { return answer(r, 503, "SlowDown") },
		func(r *http.Request) []byte { return answer(r, 503, "ServiceUnavailable") },
	},
}

func TestServerThroughFaults(t *testing.T) { cloudtest.Faults(t, behind) }

func TestConsistency(t *testing.T) { cloudtest.Workloads(t, behind, 120) }
