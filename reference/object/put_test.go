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

// sizes lie on both sides of where a body goes to a blob and gets a goroutine.
var sizes = []int{0, 1, meta.MaxInline, meta.MaxInline + 1, concurrentFrom, 3 << 20}

func TestPutThenGet(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range sizes {
			data := pattern(size)
			key := fmt.Sprint("k", size)
			put := b.put("bucket", key, data, func(in *PutInput) {
				in.Attributes = Attributes{ContentType: "a/b", Metadata: map[string]string{"m": "ü"}, Tags: []Tag{{Key: "t", Value: "v"}}}
			})
			if got := b.get("bucket", key, ""); !bytes.Equal(got, data) {
				t.Errorf("%d bytes came back changed", size)
			}
			v := b.head("bucket", key, "").Version
			want := Version{
				Bucket: "bucket", Key: key, ID: meta.NullVersion, Latest: true, Modified: put.Version.Modified,
				Size: int64(size), ETag: fmt.Sprintf("%x", md5.Sum(data)), Owner: "alice",
				Attributes: Attributes{ContentType: "a/b", Metadata: map[string]string{"m": "ü"}, Tags: []Tag{{Key: "t", Value: "v"}}},
				Checksum:   Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: sumOf(checksum.CRC64NVME, data)},
			}
			if diff := cmp.Diff(want, v); diff != "" {
				t.Errorf("%d bytes: -want +got\n%s", size, diff)
			}
			if put.ShowVersion {
				t.Error("a bucket that was never versioned shows version ids")
			}
		}
	}, inClear)
}

// A refused write changes nothing and, once its epoch is closed, leaves no blob.
func TestRefusedPutChangesNothing(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *bench) {
		for _, size := range []int{100, 1 << 20} {
			old := pattern(size)
			b.put("bucket", "k", old)
			before := b.head("bucket", "k", "").Version
			bad := func(f func(*PutInput)) error {
				_, err := b.tryPut("bucket", "k", pattern(size+1), f)
				return err
			}
			wantCode(t, "md5", bad(func(in *PutInput) { in.Body.MD5 = make([]byte, 16) }), errcode.BadDigest)
			wantCode(t, "sha256", bad(func(in *PutInput) { in.Body.SHA256 = make([]byte, 32) }), errcode.XAmzContentSHA256Mismatch)
			wantCode(t, "checksum", bad(func(in *PutInput) {
				in.Body.Checksum = Checksum{Algorithm: "CRC32", Value: "AAAAAA=="}
			}), errcode.BadDigest)
			wantCode(t, "short", bad(func(in *PutInput) { in.Body.Size++ }), errcode.IncompleteBody)
			wantCode(t, "cut", bad(func(in *PutInput) {
				in.Body.Reader = io.MultiReader(bytes.NewReader(pattern(size)), iotest.ErrReader(errors.New("reset")))
			}), errcode.IncompleteBody)
			wantCode(t, "if-none-match", bad(ifNoneMatch), errcode.PreconditionFailed)
			wantCode(t, "if-match", bad(ifMatch(`"other"`)), errcode.PreconditionFailed)
			wantCode(t, "not implemented", bad(func(in *PutInput) { in.Condition.IfNoneMatch = `"x"` }), errcode.NotImplemented)
			if diff := cmp.Diff(before, b.head("bucket", "k", "").Version); diff != "" {
				t.Errorf("size %d: -before +after\n%s", size, diff)
			}
			if got := b.get("bucket", "k", ""); !bytes.Equal(got, old) {
				t.Errorf("size %d: body changed", size)
			}
			if v := b.versions("bucket"); v != 1 {
				t.Errorf("%d versions, want 1", v)
			}
		}
		if n := len(b.blobIDs()); n != 1 {
			t.Errorf("%d blobs are kept, want only the one that is named", n)
		}
	})
}

func TestConditionalPuts(t *testing.T) {
	b := newBench(t, "memory")
	for _, size := range []int{10, 100 << 10} {
		bucket := fmt.Sprint("b", size)
		b.createBucket(bucket)
		data := pattern(size)
		try := func(key string, f func(*PutInput)) error {
			_, err := b.tryPut(bucket, key, data, f)
			return err
		}
		wantCode(t, "If-None-Match on an absent key", try("k", ifNoneMatch), "")
		wantCode(t, "If-None-Match on a present key", try("k", ifNoneMatch), errcode.PreconditionFailed)
		tag := b.head(bucket, "k", "").Version.ETag
		wantCode(t, "If-Match quoted", try("k", ifMatch(`"`+tag+`"`)), "")
		wantCode(t, "If-Match unquoted", try("k", ifMatch(tag)), "")
		wantCode(t, "If-Match stale", try("k", ifMatch(`"stale"`)), errcode.PreconditionFailed)
		wantCode(t, "If-Match weak", try("k", ifMatch(`W/"`+tag+`"`)), errcode.PreconditionFailed)
		wantCode(t, "If-Match on an absent key", try("absent", ifMatch(tag)), errcode.NoSuchKey)
		b.versioning(bucket, meta.VersioningEnabled)
		b.delete(bucket, "k", "")
		wantCode(t, "If-Match under a marker", try("k", ifMatch(tag)), errcode.NoSuchKey)
		wantCode(t, "If-None-Match under a marker", try("k", ifNoneMatch), "")
	}
}

// Of many who create a key on condition that it is absent, one succeeds.
func TestConcurrentCreatesHaveOneWinner(t *testing.T) {
	b := newBench(t, "memory")
	b.createBucket("race")
	for _, size := range []int{10, 40 << 10} {
		results := make(chan error)
		const writers = 16
		for i := range writers {
			go func() {
				_, err := b.tryPut("race", fmt.Sprint(size), append(pattern(size), byte(i)), ifNoneMatch)
				results <- err
			}()
		}
		won := 0
		for range writers {
			switch err := <-results; errcode.Of(err) {
			case "":
				if err == nil {
					won++
				}
			case errcode.PreconditionFailed:
			default:
				t.Errorf("got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d winners, want 1", won)
		}
	}
}

func TestPutNeedsAnOwnedBucket(t *testing.T) {
	b := newBench(t, "memory")
	read := false
	spy := func(in *PutInput) {
		in.Body = Body{Size: 1 << 20, Reader: readerFunc(func([]byte) (int, error) { read = true; return 0, io.EOF })}
	}
	_, err := b.tryPut("absent", "k", nil, spy)
	wantCode(t, "missing bucket", err, errcode.NoSuchBucket)
	_, err = b.tryPut("bucket", "k", nil, spy, func(in *PutInput) { in.Caller = Caller{} })
	wantCode(t, "anonymous", err, errcode.AccessDenied)
	_, err = b.tryPut("bucket", "k", nil, spy, func(in *PutInput) { in.Caller = Caller{Account: "mallory"} })
	wantCode(t, "another account", err, errcode.AccessDenied)
	if read {
		t.Error("a body that was sure to be refused was read")
	}
	if n := b.flight.used.Load(); n != 0 {
		t.Errorf("%d bytes of the budget are still taken", n)
	}
}

func TestBodiesInFlightAreBounded(t *testing.T) {
	b := newBench(t, "memory", func(c *Config) { c.Limits.InFlight = 3 << 20 })
	entered, leave := make(chan bool), make(chan bool)
	done := make(chan error)
	go func() {
		first := true
		_, err := b.tryPut("bucket", "slow", nil, func(in *PutInput) {
			data := bytes.NewReader(pattern(1 << 20))
			in.Body = Body{Size: 1 << 20, Reader: readerFunc(func(p []byte) (int, error) {
				if first {
					first = false
					entered <- true
					<-leave
				}
				return data.Read(p)
			})}
		})
		done <- err
	}()
	<-entered
	_, err := b.tryPut("bucket", "second", pattern(1<<20))
	wantCode(t, "beyond the budget", err, errcode.SlowDown)
	b.put("bucket", "small", pattern(1000))
	leave <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
	b.put("bucket", "second", pattern(1<<20))
	if n := b.flight.used.Load(); n != 0 {
		t.Errorf("%d bytes of the budget are still taken", n)
	}
}

func TestNoSpaceRefusesBytesButNotDeletes(t *testing.T) {
	free := int64(1 << 40)
	b := newBench(t, "memory", func(c *Config) { c.Space = func() (int64, error) { return free, nil } })
	b.put("bucket", "k", pattern(10))
	u, done := b.upload("u"), b.upload("done")
	part := b.part(done, 1, pattern(10))
	free = 1 << 20
	b.clock.advance(2e9)
	_, err := b.tryPut("bucket", "k2", pattern(10))
	wantCode(t, "put on a full disk", err, errcode.ServiceUnavailable)
	_, err = b.tryPart(u, 1, pattern(10))
	wantCode(t, "part on a full disk", err, errcode.ServiceUnavailable)
	_, err = b.Copy(t.Context(), CopyInput{Caller: alice, SourceBucket: "bucket", SourceKey: "k", Bucket: "bucket", Key: "k2"})
	wantCode(t, "copy on a full disk", err, errcode.ServiceUnavailable)
	_, err = b.CopyPart(t.Context(), CopyPartInput{Caller: alice, SourceBucket: "bucket", SourceKey: "k", Bucket: "bucket", Key: "u", UploadID: u.ID, Number: 1})
	wantCode(t, "copy of a part on a full disk", err, errcode.ServiceUnavailable)
	_, err = b.CreateUpload(t.Context(), CreateUploadInput{Caller: alice, Bucket: "bucket", Key: "more"})
	wantCode(t, "upload on a full disk", err, errcode.ServiceUnavailable)
	b.delete("bucket", "k", "")
	if err := b.Abort(t.Context(), alice, "bucket", "u", u.ID); err != nil {
		t.Errorf("abort on a full disk: %v", err)
	}
	if _, err := b.tryComplete(done, []CompletePart{part}); err != nil {
		t.Errorf("complete on a full disk: %v", err)
	}
	if err := b.Reap(t.Context()); err != nil {
		t.Errorf("reap on a full disk: %v", err)
	}
	free = 1 << 40
	b.clock.advance(2e9)
	b.put("bucket", "k2", pattern(10))
}
