package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Tick(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var alice = object.Caller{Account: "alice", Name: "Alice"}

// A store is a service over files. Objects above 64 bytes are blobs.
type store struct {
	*object.Service
	t     *testing.T
	clock *clock
	db    *meta.DB
	blobs *Held
	dir   string
}

// openStore opens what is in dir, or an empty store.
func openStore(t *testing.T, dir string) *store {
	t.Helper()
	db, err := meta.Open(t.Context(), meta.Options{Path: filepath.Join(dir, "meta.db"), Sync: meta.SyncFull})
	if err != nil {
		t.Fatal(err)
	}
	files, err := local.Open(filepath.Join(dir, "blobs"), fault.OS{})
	if err != nil {
		t.Fatal(err)
	}
	s := &store{t: t, clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, db: db, blobs: Hold(files), dir: dir}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// serve puts a service on it.
func (s *store) serve() *store {
	s.t.Helper()
	log := cluster.NewLocal(s.db, cluster.LocalOptions{Now: s.clock.Now})
	s.t.Cleanup(log.Close)
	var err error
	s.Service, err = object.New(s.t.Context(), object.Config{Log: log, Meta: s.db, Blobs: s.blobs, Clock: s.clock, Exclusive: true,
		Limits: object.Limits{Inline: 64, MinPart: 100}})
	if err != nil {
		s.t.Fatal(err)
	}
	return s
}

func newStore(t *testing.T) *store {
	s := openStore(t, t.TempDir()).serve()
	if _, err := s.CreateBucket(t.Context(), object.CreateBucketInput{Caller: alice, Name: "bucket"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *store) source() Source {
	return Source{Snapshot: s.db.Snapshot, Blobs: s.blobs, Image: filepath.Join(s.dir, "backup.db"), PauseDeletes: s.blobs.PauseDeletes}
}

func (s *store) backup() []byte {
	s.t.Helper()
	var b bytes.Buffer
	if _, err := Write(s.t.Context(), &b, s.source()); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

// restore fills a new directory, and says what the backup is called there.
func restore(t *testing.T, r io.Reader) (dir string, m Manifest, err error) {
	t.Helper()
	dir = t.TempDir()
	files, err := local.Open(filepath.Join(dir, "blobs"), fault.OS{})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	m, err = Restore(t.Context(), r, Target{Meta: filepath.Join(dir, "meta.db"), Blobs: files})
	return dir, m, err
}

// hash is a digest of all metadata.
func (s *store) hash() string {
	s.t.Helper()
	h, err := s.db.Hash(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// contents reads every version of every key: digests of bodies by key and version.
func (s *store) contents() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	in := object.ListVersionsInput{Bucket: "bucket", Max: 1000}
	for {
		page, err := s.ListVersions(s.t.Context(), alice, in)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, v := range page.Versions {
			all[v.Key+" "+v.ID] = "marker"
			if !v.DeleteMarker {
				all[v.Key+" "+v.ID] = s.read(v.Key, v.ID)
			}
		}
		if !page.Truncated {
			return all
		}
		in.AfterKey, in.AfterVersion = page.NextKey, page.NextVersion
	}
}

func (s *store) read(key, version string) string {
	s.t.Helper()
	r, err := s.Get(context.Background(), object.GetInput{Caller: alice, Bucket: "bucket", Key: key, VersionID: version})
	if err != nil {
		s.t.Fatalf("get %s %s: %v", key, version, err)
	}
	defer r.Body.Close()
	h := sha256.New()
	if n, err := io.Copy(h, r.Body); err != nil || n != r.Version.Size {
		s.t.Fatalf("read %s %s: %d of %d bytes, %v", key, version, n, r.Version.Size, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func body(b []byte) object.Body { return object.Body{Reader: bytes.NewReader(b), Size: int64(len(b))} }

// text is n bytes that say whose they are.
func text(key string, n int) []byte { return []byte(strings.Repeat(key+" ", n/(len(key)+1)+1)[:n]) }

func (s *store) put(key string, b []byte) {
	s.t.Helper()
	if _, err := s.Put(context.Background(), object.PutInput{Caller: alice, Bucket: "bucket", Key: key, Body: body(b)}); err != nil {
		s.t.Fatalf("put %s: %v", key, err)
	}
}

func (s *store) remove(key string) {
	s.t.Helper()
	if _, err := s.Delete(context.Background(), object.DeleteInput{Caller: alice, Bucket: "bucket", Key: key}); err != nil {
		s.t.Fatalf("delete %s: %v", key, err)
	}
}

func (s *store) copy(from, to string) {
	s.t.Helper()
	_, err := s.Copy(context.Background(), object.CopyInput{Caller: alice, Bucket: "bucket", Key: to, SourceBucket: "bucket", SourceKey: from})
	if err != nil {
		s.t.Fatalf("copy %s: %v", from, err)
	}
}

// multipart makes an object of three parts: two of their own, and a piece of
// another object, which shares its blob.
func (s *store) multipart(key, from string, complete bool) {
	s.t.Helper()
	u, err := s.CreateUpload(context.Background(), object.CreateUploadInput{Caller: alice, Bucket: "bucket", Key: key})
	if err != nil {
		s.t.Fatal(err)
	}
	var parts []object.CompletePart
	for n := 1; n <= 2; n++ {
		p, err := s.UploadPart(context.Background(), object.UploadPartInput{Caller: alice, Bucket: "bucket", Key: key, UploadID: u.ID, Number: n, Body: body(text(key, 200+n))})
		if err != nil {
			s.t.Fatal(err)
		}
		parts = append(parts, object.CompletePart{Number: n, ETag: p.ETag})
	}
	c, err := s.CopyPart(context.Background(), object.CopyPartInput{Caller: alice, Bucket: "bucket", Key: key, UploadID: u.ID, Number: 3,
		SourceBucket: "bucket", SourceKey: from, Range: "bytes=10-99"})
	if err != nil {
		s.t.Fatal(err)
	}
	if !complete {
		return
	}
	parts = append(parts, object.CompletePart{Number: 3, ETag: c.Part.ETag})
	_, err = s.Complete(context.Background(), object.CompleteInput{Caller: alice, Bucket: "bucket", Key: key, UploadID: u.ID, Parts: parts, Size: -1})
	if err != nil {
		s.t.Fatal(err)
	}
}

// fill does n random things.
func (s *store) fill(r *rand.Rand, n int) {
	s.t.Helper()
	s.put("base", text("base", 5000))
	for range n {
		key := fmt.Sprint("key", r.IntN(20))
		switch r.IntN(6) {
		case 0, 1:
			s.put(key, text(key, r.IntN(64))) // inline
		case 2:
			s.put(key, text(key, 65+r.IntN(3000)))
		case 3:
			s.copy("base", key)
		case 4:
			s.multipart(key, "base", r.IntN(3) > 0)
		case 5:
			s.remove(key)
		}
	}
}

func blobs(t *testing.T, s blob.Store) (n int) {
	t.Helper()
	if err := s.List(t.Context(), "", func(blob.Info) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
