package reference_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sys/unix"

	"bleepstore/reference"
)

// smallVolume mounts a volume of that many bytes, or skips the test.
func smallVolume(t *testing.T, size int64) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a full disk needs a volume of its own: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// fillDisk takes all room that is left, and returns what gives it back. What
// somebody else gives up meanwhile it leaves.
func fillDisk(t *testing.T, path string) (free func()) {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &s); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for left := int64(s.Bavail) * s.Bsize; left > 0 && err == nil; {
		var n int
		n, err = f.Write(make([]byte, min(left, 64<<10)))
		left -= int64(n)
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// A server that is killed on a disk without a byte left starts on it, serves
// what it has, refuses what is new, deletes, and goes on once there is room.
func TestKilledOnAFullDisk(t *testing.T) {
	backends := []string{reference.Local, reference.SQLite}
	if testing.Short() {
		backends = backends[:1]
	}
	for _, backend := range backends {
		t.Run(backend, func(t *testing.T) {
			w := newCrashWorld(t, backend)
			w.dir = smallVolume(t, 64<<20)
			w.env = append(w.env, crashDir+"="+w.dir, crashSpace+"=8000000")
			held := func() bool { return held(t, w.dir) }
			w.start()
			eventually(t, "there is a reserve", held)
			for i, k := range w.keys {
				k.possible = []string{fmt.Sprintf("%d.%d", i, crashSizes[i%len(crashSizes)])}
				if err := (&crashClient{w: w}).put(k.name, k.possible[0]); err != nil {
					t.Fatal(err)
				}
			}
			free := fillDisk(t, filepath.Join(w.dir, "fill"))
			w.kill()

			w.start() // which makes the bucket again, a write
			if held() {
				t.Error("the reserve is held on a full disk")
			}
			w.verify(1)
			c := &crashClient{w: w}
			for _, size := range crashSizes {
				if err := c.put("new", fmt.Sprintf("1000.%d", size)); code(err) != "ServiceUnavailable" {
					t.Errorf("put of %d bytes: %v", size, err)
				}
			}
			for _, k := range w.keys[:len(w.keys)/2] {
				if _, err := w.client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &k.name}); err != nil {
					t.Errorf("delete: %v", err)
				}
				k.possible = []string{""}
			}
			w.kill()

			w.start()
			w.verify(2)
			free()
			eventually(t, "there is a reserve again", held)
			eventually(t, "new bytes are taken", func() bool { return c.put("new", "1000.20") == nil })
			w.verify(3)
			w.kill()
		})
	}
}

// unwatched is a clock by which nobody looks at how full the disk is.
func unwatched() *tickClock { return &tickClock{every: time.Second, ticks: make(chan time.Time)} }

// held says whether there is a reserve.
func held(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, "reserve"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// A disk may be full before that is noticed: the write that finds it so takes
// the reserve.
func TestReserveIsTakenByAWrite(t *testing.T) {
	dir, clock := smallVolume(t, 64<<20), unwatched()
	n := reference.Start(t, func(c *reference.Config) {
		c.Backend, c.Dir, c.Reserve, c.Limits.Reserve, c.Clock = reference.Local, dir, 0, 8<<20, clock
	})
	cl := s3.NewFromConfig(n.AWS, func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	createBucket(t, cl)
	for i := range 10 {
		if code := tryPut(t, cl, fmt.Sprint("key-", i), "body"); code != "" {
			t.Fatal(code)
		}
	}
	eventually(t, "there is a reserve", func() bool { return held(t, dir) })
	free := fillDisk(t, filepath.Join(dir, "fill"))
	for i := range 5 {
		if code := tryDelete(t, cl, fmt.Sprint("key-", i)); code != "" {
			t.Fatalf("delete: %s", code)
		}
	}
	if held(t, dir) {
		t.Error("the reserve is held")
	}
	for i := range 10 {
		if i >= 5 {
			wantBody(t, cl, fmt.Sprint("key-", i), []byte("body"))
		} else if code := tryGet(t, cl, fmt.Sprint("key-", i)); code != "NoSuchKey" {
			t.Errorf("a deleted key: %q", code)
		}
	}
	free()
	clock.ticks <- time.Now()
	eventually(t, "there is a reserve again", func() bool { return held(t, dir) })
	eventually(t, "new bytes are taken", func() bool { return tryPut(t, cl, "new", "body") == "" })
}
