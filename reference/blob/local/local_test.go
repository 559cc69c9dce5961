package local

import (
	"testing"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		s, err := Open(t.TempDir(), fault.OS{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func BenchmarkStore(b *testing.B) {
	blobtest.Bench(b, func(b *testing.B) blob.Store {
		s, err := Open(b.TempDir(), fault.OS{})
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}
