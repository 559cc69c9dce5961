// Package blobtest is the test of what package blob promises, for every
// backend alike. Plugging one in takes five lines:
//
//	func TestStore(t *testing.T) {
//		blobtest.Run(t, func(t *testing.T) blob.Store { return memory.New(1 << 30) })
//	}
//
// It knows nothing of how a backend keeps its blobs; how bytes rot there, and
// what survives a loss of power, is for the backend's own tests. Crash is the
// test of durable backends.
package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"bleepstore/reference/blob"

	"github.com/minio/crc64nvme"
)

// A rule is one promise of package blob and its test, which gets a store that
// it shares with nobody.
type rule struct {
	name string
	says string // printed when the test fails
	test func(t *testing.T, s blob.Store)
}

// Run tests stores made by open; each must be empty. Run closes them. The rules
// named by except, which the store's own documentation takes back, are left out.
func Run(t *testing.T, open func(t *testing.T) blob.Store, except ...string) {
	left := len(except)
	for _, rules := range [][]rule{creating, reading, listing} {
		for _, r := range rules {
			if slices.Contains(except, r.name) {
				left--
				continue
			}
			t.Run(r.name, func(t *testing.T) {
				s := open(t)
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
					if t.Failed() {
						t.Logf("the rule: %s", r.says)
					}
				})
				r.test(t, s)
			})
		}
	}
	if left != 0 {
		t.Errorf("not every name of %q is that of one rule", except)
	}
}

// content returns the bytes that belong to id: any two ids have others.
func content(id blob.ID, size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8(sha256.Sum256([]byte(id))).Read(b)
	return b
}

// info returns how a store must describe data.
func info(id blob.ID, data []byte) blob.Info {
	return blob.Info{ID: id, Size: int64(len(data)), CRC: crc64nvme.Checksum(data)}
}

// create stores data under id and fails the test unless that is what happened.
func create(t testing.TB, s blob.Store, id blob.ID, data []byte) {
	t.Helper()
	got, err := s.Create(t.Context(), id, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("create %s: %v", id, err)
	}
	if want := info(id, data); got != want {
		t.Fatalf("create %s: got %+v, want %+v", id, got, want)
	}
}

// read returns n bytes of the blob from off on, and checks how the reader ends.
func read(t testing.TB, s blob.Store, id blob.ID, off, n int64) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), id, off, n)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err := r.Close(); err != nil {
		t.Errorf("close reader of %s: %v", id, err)
	}
	return data, err
}

// wantBlob fails the test unless id reads as data.
func wantBlob(t testing.TB, s blob.Store, id blob.ID, data []byte) {
	t.Helper()
	got, err := read(t, s, id, 0, -1)
	if err != nil {
		t.Fatalf("read %s: %v", id, err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("read %s: got %d bytes, want %d, first difference at %d", id, len(got), len(data), difference(got, data))
	}
}

// wantNone fails the test unless there is no blob id.
func wantNone(t testing.TB, s blob.Store, id blob.ID) {
	t.Helper()
	if data, err := read(t, s, id, 0, -1); !errors.Is(err, blob.ErrNotFound) {
		t.Fatalf("open %s: got %d bytes and %v, want ErrNotFound", id, len(data), err)
	}
	for _, i := range list(t, s, "") {
		if i.ID == id && !i.Partial {
			t.Fatalf("list: got %+v, want no whole blob of that id", i)
		}
	}
}

// list returns all blobs behind after, and checks their order.
func list(t testing.TB, s blob.Store, after blob.ID) []blob.Info {
	t.Helper()
	var all []blob.Info
	last := after
	err := s.List(t.Context(), after, func(i blob.Info) error {
		if i.ID <= last {
			return fmt.Errorf("%s comes behind %s", i.ID, last)
		}
		last = i.ID
		all = append(all, i)
		return nil
	})
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return all
}

func difference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
