package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/conformance"
	"bleepstore/reference"
	"bleepstore/reference/config"
)

// bucketFor is a bucket of another server of ours, and the environment that names it
// as the cloud of the backend aws.
func bucketFor(t *testing.T) (client *s3.Client, env map[string]string) {
	t.Helper()
	other := reference.Start(t)
	client = s3.NewFromConfig(other.AWS, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("blobs")}); err != nil {
		t.Fatal(err)
	}
	env = map[string]string{}
	for key, value := range map[string]string{"bucket": "blobs", "prefix": "pre/", "region": "us-east-1", "endpoint_url": other.URL,
		"use_path_style": "true", "access_key_id": other.AccessKey, "secret_access_key": other.SecretKey} {
		env[config.Env("storage.aws."+key)] = value
	}
	return client, env
}

func TestCloudSettings(t *testing.T) {
	_, env := bucketFor(t)
	env[config.Env("server.port")] = "1" // is no business of a run's
	getenv := func(name string) string { return env[name] }
	got, err := cloudSettings("aws", getenv)
	if err != nil || got["storage.backend"] != "aws" || got["storage.aws.bucket"] != "blobs" || len(got) != 8 {
		t.Errorf("got %v, %v, want the eight of storage", got, err)
	}
	before := got["storage.aws.prefix"]
	apart(got, io.Discard)
	if after := got["storage.aws.prefix"]; !strings.HasPrefix(after, before) || after == before {
		t.Errorf("the prefix %q became %q, want more behind it", before, after)
	}
	for _, backend := range []string{"", "memory", "local", "sqlite"} {
		if got, err := cloudSettings(backend, getenv); got != nil || err != nil {
			t.Errorf("%q: got %v, %v, want none", backend, got, err)
		}
	}
	for backend, says := range map[string]string{"aws": "BLEEPSTORE_STORAGE_AWS", "gcp": orNotBuilt("BLEEPSTORE_STORAGE_GCP"), "azure": orNotBuilt("BLEEPSTORE_STORAGE_AZURE")} {
		_, err := cloudSettings(backend, func(string) string { return "" })
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want an error with %q", backend, err, says)
		}
	}
}

// TestEmbeddedInACloud: bodies go to the bucket that the environment names, and two
// servers after one another do not meet there.
func TestEmbeddedInACloud(t *testing.T) {
	cloud, env := bucketFor(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	for range 2 {
		var o conformance.Options
		stop, err := embed(t.Context(), &o, reference.AWS, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.Get(o.Endpoint[0]); err != nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, %v, want an S3 server", resp, err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	list, err := cloud.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("blobs"), Prefix: aws.String("pre/bleep-run-"), Delimiter: aws.String("/")})
	if err != nil || len(list.CommonPrefixes) != 2 {
		t.Errorf("got %+v, %v, want a prefix for each", list, err)
	}
}
