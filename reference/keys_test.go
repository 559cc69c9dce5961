package reference_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/crypt"
)

// Nothing that a client has stored stands anywhere in the directory in the clear,
// and the master key is nobody else's to read.
func TestNothingInTheClear(t *testing.T) {
	for _, backend := range []string{reference.Local, reference.SQLite} {
		t.Run(backend, func(t *testing.T) {
			dir := t.TempDir()
			secret := []byte("what nobody but the client may know")
			large := bytes.Repeat(secret, 8<<10)
			t.Run("serve", func(t *testing.T) {
				c := s3.NewFromConfig(reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir = backend, dir }).AWS)
				createBucket(t, c)
				put(t, c, "small", secret)
				put(t, c, "large", large)
			})
			found := 0
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				if found += len(text); bytes.Contains(text, secret) {
					t.Errorf("%s holds it in the clear", path)
				}
				return err
			})
			if err != nil || found < len(large) {
				t.Errorf("looked through %d bytes, %v", found, err)
			}
			info, err := os.Stat(filepath.Join(dir, "master.key"))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the master key: %v, %v", info, err)
			}
			c := s3.NewFromConfig(reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir = backend, dir }).AWS)
			for k, want := range map[string][]byte{"small": secret, "large": large} {
				if got, err := get(c, k); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s, started again: %d bytes, %v", k, len(got), err)
				}
			}
		})
	}
}

// A directory whose objects would not open is refused, not served.
func TestMasterKeyMissing(t *testing.T) {
	dir := t.TempDir()
	config := reference.Config{Dir: dir, MasterKeys: []crypt.Key{{1}}}
	if err := open(t, config).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, c reference.Config) {
		t.Helper()
		c.Users = []reference.User{{AccessKey: "a", SecretKey: "s"}}
		s, err := reference.Open(t.Context(), c)
		if err == nil {
			s.Close(t.Context())
			t.Errorf("%s: it is served", name)
		} else if !strings.Contains(err.Error(), "master key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("no key", reference.Config{Dir: dir})
	refused("another key", reference.Config{Dir: dir, MasterKeys: []crypt.Key{{2}}})
	if err := open(t, reference.Config{Dir: dir, MasterKeys: []crypt.Key{{2}, {1}}}).Close(t.Context()); err != nil {
		t.Errorf("a new key before the old: %v", err)
	}
	refused("the old key alone", config)
}

func TestParseKeys(t *testing.T) {
	line := strings.Repeat("0a", crypt.KeySize)
	keys, err := reference.ParseKeys([]byte(line + "\n" + strings.ToUpper(line) + "\n"))
	if err != nil || len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, text := range []string{"", line + "0a", line[2:], "secret" + line, line + "\n\n" + line} {
		if _, err := reference.ParseKeys([]byte(text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
