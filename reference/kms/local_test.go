package kms

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"bleepstore/reference/crypt"
)

var material = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func document(keys string) []byte { return []byte(`{"keys": [` + keys + `]}`) }

func open(t *testing.T, file []byte) *Local {
	t.Helper()
	l, err := NewLocal("us-east-1", "123456789012", crypt.Key{1}, file, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFind(t *testing.T) {
	l := open(t, document(`{"id": "k1", "material": "`+material+`", "aliases": ["alias/mine"]}, {"id": "off", "material": "`+material+`", "disabled": true}`))
	const prefix = "arn:aws:kms:us-east-1:123456789012:"
	for _, name := range []string{"k1", "alias/mine", prefix + "key/k1", prefix + "alias/mine"} {
		if arn, err := l.Find(t.Context(), name); err != nil || arn != prefix+"key/k1" {
			t.Errorf("%s: got %q, %v", name, arn, err)
		}
	}
	own, err := l.Find(t.Context(), "")
	if alias, e := l.Find(t.Context(), "alias/aws/s3"); err != nil || e != nil || own != alias || !strings.HasPrefix(own, prefix+"key/") {
		t.Errorf("the managed key: got %q and %q, %v, %v", own, alias, err, e)
	}
	for name, want := range map[string]error{"k2": ErrNotFound, "alias/none": ErrNotFound, "mine": ErrNotFound,
		"arn:aws:kms:eu-west-1:123456789012:key/k1": ErrNotFound, "off": ErrDisabled} {
		if _, err := l.Find(t.Context(), name); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

func TestWrap(t *testing.T) {
	l := open(t, nil)
	arn, _ := l.Find(t.Context(), "")
	k, _ := crypt.NewKey(rand.Reader)
	wrapped, err := l.Wrap(t.Context(), arn, "context", k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, nil).Unwrap(t.Context(), arn, "context", wrapped); err != nil || got != k {
		t.Errorf("the same keys opened again: %v", err)
	}
	if _, err := l.Unwrap(t.Context(), arn, "another", wrapped); !errors.Is(err, crypt.ErrCorrupt) {
		t.Errorf("another context: got %v, want ErrCorrupt", err)
	}
	if _, err := l.Unwrap(t.Context(), arn+"x", "context", wrapped); !errors.Is(err, ErrNotFound) {
		t.Errorf("another key: got %v, want ErrNotFound", err)
	}
}

func TestFileRefused(t *testing.T) {
	for _, file := range []string{`{`, `{"keyz": []}`, string(document(`{"id": "a", "material": "AAAA"}`)), string(document(`{"id": "", "material": "` + material + `"}`)),
		string(document(`{"id": "a", "material": "` + material + `", "aliases": ["mine"]}`)),
		string(document(`{"id": "a", "material": "` + material + `"}, {"id": "a", "material": "` + material + `"}`))} {
		_, err := NewLocal("us-east-1", "123456789012", crypt.Key{1}, []byte(file), rand.Reader)
		if err == nil {
			t.Errorf("%s: got no error", file)
		} else if strings.Contains(err.Error(), material[:8]) {
			t.Errorf("the error shows a key: %v", err)
		}
	}
}
