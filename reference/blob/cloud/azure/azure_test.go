//go:build cloud

package azure_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/azure"
	"bleepstore/reference/blob/cloud/cloudtest"
)

// emulate runs Azurite until the test ends, and says how to connect to its
// container. `make cloud` installs it, where that is to be had.
func emulate(t *testing.T) azure.Config {
	t.Helper()
	modules := os.Getenv("BLEEPSTORE_AZURITE")
	if modules == "" {
		t.Skip("make cloud runs it: it needs Node.js and azurite")
	}
	cmd := exec.Command("node", filepath.Join("..", "..", "..", "..", ".ci", "azurite.mjs"), modules)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait() // it is killed, in the end
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("azurite did not start: %q, %v", line, err)
	}
	return azure.Config{Container: "blobs", ConnectionString: strings.TrimSpace(line)}
}

// slow is what is left out of the second time around: it takes thousands of requests.
var slow = map[int64][]string{-1: {"any sequence"}}

func TestStore(t *testing.T) {
	c := emulate(t)
	for name, small := range map[string]int64{"put": 0, "streamed": -1} {
		t.Run(name, func(t *testing.T) {
			n := 0
			blobtest.Run(t, func(t *testing.T) blob.Store {
				n++
				c := c
				c.Prefix = fmt.Sprintf("%s/%d", name, n)
				s, err := azure.Open(t.Context(), c, cloud.Options{Owner: "me", Small: small})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}, slow[small]...)
		})
	}
}

// A body that fails far into an upload leaves nothing behind.
func TestFailedUpload(t *testing.T) {
	s, err := azure.Open(t.Context(), emulate(t), cloud.Options{Owner: "me"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cloudtest.FailedUpload(t, s)
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		c    azure.Config
		says string
	}{
		"no container":        {azure.Config{Account: "a"}, "no container is given"},
		"nobody":              {azure.Config{Container: "c"}, "neither a connection string nor an account"},
		"two accounts":        {azure.Config{Container: "c", Account: "a", ConnectionString: "AccountName=b"}, "leave out account"},
		"two ways":            {azure.Config{Container: "c", Account: "a", Key: "a2V5", ManagedIdentity: true}, "not both"},
		"a key of no base 64": {azure.Config{Container: "c", Account: "a", Key: "!"}, "base64"},
	} {
		if _, err := azure.Open(t.Context(), tc.c, cloud.Options{Owner: "me"}); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
}

func TestRefusedByAzure(t *testing.T) {
	c := emulate(t)
	open := func(c azure.Config, owner string) error {
		s, err := azure.Open(t.Context(), c, cloud.Options{Owner: owner})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	if err := open(c, "me"); err != nil {
		t.Fatal(err)
	}
	if err := open(c, "you"); !errors.Is(err, cloud.ErrOwned) {
		t.Errorf("another owner: got %v", err)
	}
	other := c
	other.Container = "never-made"
	if err := open(other, "me"); err == nil || !strings.Contains(err.Error(), "ContainerNotFound") {
		t.Errorf("no such container: got %v", err)
	}
	other = c
	other.ConnectionString = strings.Replace(c.ConnectionString, "AccountKey=Eby8", "AccountKey=Eby9", 1)
	if err := open(other, "me"); !errors.Is(err, blob.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a wrong key: got %v", err)
	}
}
