//go:build cloud

package azure_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"bleepstore/reference"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/azure"
	"bleepstore/reference/blob/cloud/cloudtest"
)

// behind is the emulator as the cloud of a server.
var behind = cloudtest.Cloud{Backend: reference.Azure, Start: lend,
	Failures: []func(*http.Request) []byte{says(500, "InternalError"), says(503, "ServerBusy"), says(500, "OperationTimedOut")}}

// blobEndpoint is the host of a connection string of the emulator.
var blobEndpoint = regexp.MustCompile(`(BlobEndpoint=http://)([^/]+)`)

func lend(t *testing.T, before func(*url.URL) *url.URL) cloudtest.Open {
	c := emulate(t)
	at := blobEndpoint.FindStringSubmatch(c.ConnectionString)
	if at == nil {
		t.Fatalf("no endpoint in %q", c.ConnectionString)
	}
	front := before(&url.URL{Scheme: "http", Host: at[2]})
	c.ConnectionString = blobEndpoint.ReplaceAllString(c.ConnectionString, "${1}"+front.Host)
	return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) { return azure.Open(ctx, c, o) }
}

// says makes an error as Azure words it.
func says(status int, code string) func(*http.Request) []byte {
	body := fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
	return func(r *http.Request) []byte {
		return cloudtest.Failure(r, status, "Content-Type: application/xml\r\nx-ms-error-code: "+code+"\r\n", body)
	}
}

func TestServerThroughFaults(t *testing.T) { cloudtest.Faults(t, behind) }

func TestConsistency(t *testing.T) { cloudtest.Workloads(t, behind, 60) }
