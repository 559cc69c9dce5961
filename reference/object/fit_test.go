package object

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// A body that is shorter or longer than seemed likely is stored as it came.
func TestPutOfUnclearLength(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range sizes {
			for _, more := range []int64{-3, -1, 0, 1, 2, 100, meta.MaxInline, 300 << 10} {
				if int64(size)+more < 0 {
					continue
				}
				for kind, reader := range map[string]func(io.Reader) io.Reader{
					"": func(r io.Reader) io.Reader { return r }, "data with EOF": iotest.DataErrReader, "halves": iotest.HalfReader,
				} {
					data, before := pattern(size), len(b.blobIDs())
					put := b.put("bucket", "k", data, func(in *PutInput) {
						in.Body = Body{Reader: reader(bytes.NewReader(data)), Size: int64(size) + more, Most: int64(size) + more + 3}
					})
					want := fmt.Sprintf("%d %x %s", size, md5.Sum(data), sumOf(checksum.CRC64NVME, data))
					if got := fmt.Sprintf("%d %s %s", put.Version.Size, put.Version.ETag, put.Version.Checksum.Value); got != want {
						t.Errorf("%d bytes where %d more were likely, %s: got %s, want %s", size, more, kind, got, want)
					}
					if n := len(b.blobIDs()) - before; n > 1 {
						t.Fatalf("%d bytes where %d more were likely, %s: %d blobs are kept of it", size, more, kind, n)
					}
					if got := b.get("bucket", "k", ""); !bytes.Equal(got, data) {
						t.Errorf("%d bytes where %d more were likely, %s: came back changed", size, more, kind)
					}
				}
			}
		}
	})
}

func TestRefusedPutOfUnclearLength(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range []int{100, 1 << 20} {
			old := pattern(size)
			b.put("bucket", "k", old)
			before := b.head("bucket", "k", "").Version
			bad := func(f func(*Body)) error {
				_, err := b.tryPut("bucket", "k", nil, func(in *PutInput) {
					in.Body = Body{Reader: bytes.NewReader(pattern(size)), Size: int64(size) + 100, Most: int64(size) + 103}
					f(&in.Body)
				})
				return err
			}
			wantCode(t, "md5", bad(func(in *Body) { in.MD5 = make([]byte, 16) }), errcode.BadDigest)
			wantCode(t, "too long", bad(func(in *Body) { in.Size, in.Most = int64(size)-4, int64(size)-1 }), errcode.IncompleteBody)
			for name, err := range map[string]error{"cut": errors.New("reset"), "refused": &errcode.Error{Code: errcode.IncompleteBody}} {
				wantCode(t, name, bad(func(in *Body) {
					in.Reader = io.MultiReader(bytes.NewReader(pattern(size)), iotest.ErrReader(err))
				}), errcode.IncompleteBody)
			}
			if diff := cmp.Diff(before, b.head("bucket", "k", "").Version); diff != "" {
				t.Errorf("size %d: -before +after\n%s", size, diff)
			}
		}
		if n := len(b.blobIDs()); n != 1 {
			t.Errorf("%d blobs are kept, want only the one that is named", n)
		}
	})
}
