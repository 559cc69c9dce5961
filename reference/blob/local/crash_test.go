package local

import (
	"testing"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
)

func TestCrash(t *testing.T) {
	blobtest.Crash(t, func(dir string) (blob.Store, error) { return Open(dir, fault.OS{}) })
}
