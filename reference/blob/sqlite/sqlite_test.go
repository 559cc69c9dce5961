package sqlite

import (
	"path/filepath"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, t.TempDir()) })
}

func TestCrash(t *testing.T) {
	blobtest.Crash(t, func(dir string) (blob.Store, error) {
		return Open(t.Context(), Options{Path: filepath.Join(dir, "blobs.db")})
	})
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(dir, "blobs.db")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func BenchmarkStore(b *testing.B) {
	blobtest.Bench(b, func(b *testing.B) blob.Store { return open(b, b.TempDir()) })
}
