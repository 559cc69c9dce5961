//go:build cloud

package gcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"bleepstore/reference"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/cloudtest"
	"bleepstore/reference/blob/cloud/gcp"
)

// behind is the emulator as the cloud of a server.
var behind = cloudtest.Cloud{Backend: reference.GCP, Start: lend,
	Failures: []func(*http.Request) []byte{says(500, "backendError"), says(503, "backendError"), says(429, "rateLimitExceeded")}}

// lend runs an emulator that tells clients to come by the front.
func lend(t *testing.T, before func(*url.URL) *url.URL) cloudtest.Open {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := before(&url.URL{Scheme: "http", Host: l.Addr().String()})
	srv, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: front.String(), PublicHost: front.Host, Writer: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	srv.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	web := &http.Server{Handler: srv.HTTPHandler()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = web.Serve(l) // until it is closed
	}()
	t.Cleanup(func() {
		_ = web.Close()
		<-ended
		srv.Stop()
	})
	t.Setenv("STORAGE_EMULATOR_HOST", front.Host)
	return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) {
		return gcp.Open(ctx, gcp.Config{Bucket: "bucket"}, o)
	}
}

// says makes an error as Google words it.
func says(status int, reason string) func(*http.Request) []byte {
	body := fmt.Sprintf(`{"error":{"code":%d,"message":"m","errors":[{"reason":%q,"message":"m"}]}}`, status, reason)
	return func(r *http.Request) []byte {
		return cloudtest.Failure(r, status, "Content-Type: application/json\r\n", body)
	}
}

func TestServerThroughFaults(t *testing.T) { cloudtest.Faults(t, behind) }

func TestConsistency(t *testing.T) { cloudtest.Workloads(t, behind, 60) }
