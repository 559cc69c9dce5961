//go:build cloud

package gcp_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/cloudtest"
	"bleepstore/reference/blob/cloud/gcp"
)

// emulate runs an emulator in this process, with a bucket.
func emulate(t *testing.T) {
	t.Helper()
	srv, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", Port: 0, Writer: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	srv.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(srv.URL(), "http://"))
}

// slow is what is left out of the second time around: it takes thousands of requests.
var slow = map[int64][]string{-1: {"any sequence"}}

func TestStore(t *testing.T) {
	emulate(t)
	for name, small := range map[string]int64{"put": 0, "streamed": -1} {
		t.Run(name, func(t *testing.T) {
			n := 0
			blobtest.Run(t, func(t *testing.T) blob.Store {
				n++
				s, err := gcp.Open(t.Context(), gcp.Config{Bucket: "bucket", Prefix: fmt.Sprintf("%s/%d", name, n)}, cloud.Options{Owner: "me", Small: small})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}, slow[small]...)
		})
	}
}

func TestRefusals(t *testing.T) {
	emulate(t)
	open := func(c gcp.Config, owner string) error {
		s, err := gcp.Open(t.Context(), c, cloud.Options{Owner: owner})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	for name, tc := range map[string]struct {
		c    gcp.Config
		says string
	}{
		"no bucket given": {gcp.Config{}, "no bucket is given"},
		"no such bucket":  {gcp.Config{Bucket: "never-made"}, "bucket doesn't exist"},
	} {
		if err := open(tc.c, "me"); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	if err := open(gcp.Config{Bucket: "bucket"}, "me"); err != nil {
		t.Fatal(err)
	}
	if err := open(gcp.Config{Bucket: "bucket"}, "you"); !errors.Is(err, cloud.ErrOwned) {
		t.Errorf("another owner: got %v", err)
	}
}

func TestCredentialsFileIsRead(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tc := range map[string]struct{ path, says string }{
		"none":         {"nowhere.json", "nowhere.json"},
		"no JSON":      {file("key"), "invalid character"},
		"unknown type": {file(`{"type": "magic"}`), "magic"},
		"no key in it": {file(`{"type": "service_account", "client_email": "a@b", "private_key": "none"}`), "private key"},
	} {
		_, err := gcp.Open(t.Context(), gcp.Config{Bucket: "bucket", CredentialsFile: tc.path}, cloud.Options{Owner: "me"})
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
}

// A body that fails far into an upload leaves nothing behind.
func TestFailedUpload(t *testing.T) {
	emulate(t)
	s, err := gcp.Open(t.Context(), gcp.Config{Bucket: "bucket"}, cloud.Options{Owner: "me"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cloudtest.FailedUpload(t, s)
}
