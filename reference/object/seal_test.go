package object

import (
	"crypto/rand"
	"testing"

	"bleepstore/reference/crypt"
	"bleepstore/reference/kms"
	"bleepstore/reference/sse"
)

// testVault has the same keys every time.
func testVault(t testing.TB) *sse.Vault {
	t.Helper()
	master := crypt.Key([]byte("the master key of these tests..."))
	keys, err := kms.NewLocal("us-east-1", "123456789012", master, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := sse.NewVault([]crypt.Key{master}, keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
