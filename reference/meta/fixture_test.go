package meta

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"bleepstore/reference/errcode"
)

// A store is a database under test and the log that feeds it.
type store struct {
	t     testing.TB
	db    *DB
	index uint64
	stamp int64
}

// start is the log's time at the beginning of every test.
const start = 1_700_000_000_000

func openMemory(t testing.TB) *store { return openStore(t, Options{Readers: 2}) }

func openFile(t testing.TB) *store {
	return openStore(t, Options{Path: filepath.Join(t.TempDir(), "meta.db"), Sync: SyncNormal, Readers: 2})
}

func openStore(t testing.TB, o Options) *store {
	t.Helper()
	db, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &store{t: t, db: db, index: db.Applied(), stamp: start}
}

// entry puts op at the next place of the log, a second later than the one before.
func (s *store) entry(op Op) Entry {
	s.index++
	s.stamp += 1000
	return Entry{Index: s.index, Command: Command{ID: fmt.Sprintf("cmd%013d", s.index), Stamp: s.stamp, Op: op}}
}

func (s *store) do(op Op) Result {
	s.t.Helper()
	r, err := s.db.Apply([]Entry{s.entry(op)})
	if err != nil {
		s.t.Fatalf("apply %+v: %v", op, err)
	}
	return r[0]
}

// must applies ops that succeed and returns the last result.
func (s *store) must(ops ...Op) (r Result) {
	s.t.Helper()
	for _, op := range ops {
		if r = s.do(op); r.Err != nil {
			s.t.Fatalf("apply %+v: %v", op, r.Err)
		}
	}
	return r
}

// refuse applies an op that must fail with code and change nothing.
func (s *store) refuse(code errcode.Code, op Op) Result {
	s.t.Helper()
	before := s.contents()
	r := s.do(op)
	if got := errcode.Of(errOf(r)); got != code {
		s.t.Fatalf("apply %+v: got %v, want %s", op, r.Err, code)
	}
	if after := s.contents(); after != before {
		s.t.Fatalf("%+v was refused (%s) but changed the state", op, code)
	}
	return r
}

func errOf(r Result) error {
	if r.Err == nil {
		return nil
	}
	return r.Err
}

// contents is a digest of everything but the time.
func (s *store) contents() string {
	s.t.Helper()
	stamp := s.db.m.st.stamp
	if err := s.db.m.c.exec("UPDATE state SET stamp = 0"); err != nil {
		s.t.Fatal(err)
	}
	h, err := s.db.Hash(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.m.c.exec("UPDATE state SET stamp = ?", stamp); err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *store) view(fn func(*Tx) error) {
	s.t.Helper()
	if err := s.db.View(context.Background(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// read returns a version with its bytes, or the code it failed with.
func (s *store) read(bucket, key, version string) (o Object, code errcode.Code) {
	s.t.Helper()
	err := s.db.View(context.Background(), func(tx *Tx) (err error) {
		if o, err = tx.Object(bucket, key, version); err == nil {
			err = tx.Body(&o)
		}
		return err
	})
	if code = errcode.Of(err); code == "" && err != nil {
		s.t.Fatal(err)
	}
	return o, code
}

// wantBody checks what a version's bytes are, "404" meaning none.
func (s *store) wantBody(bucket, key, version, want string) {
	s.t.Helper()
	o, code := s.read(bucket, key, version)
	got := string(o.Inline)
	switch {
	case code == errcode.NoSuchKey || code == errcode.NoSuchVersion || o.DeleteMarker:
		got = "404"
	case code != "":
		got = string(code)
	case len(o.Extents) > 0:
		got = ""
		for _, e := range o.Extents {
			if e.Blob == "" {
				got += string(o.Inline[e.Off : e.Off+e.Len])
			} else {
				got += fmt.Sprintf("<%s %d+%d>", e.Blob, e.Off, e.Len)
			}
		}
	}
	if got != want {
		s.t.Errorf("%s/%s?versionId=%s is %q, want %q", bucket, key, version, got, want)
	}
}

func etag(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

func put(bucket, key, body string) PutObject {
	return PutObject{Body: []byte(body), Write: Write{
		Bucket: bucket, Key: key, Owner: "alice", Size: int64(len(body)), ETag: etag(body),
		Attributes: Attributes{ContentType: "text/plain"},
		Checksum:   Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: etag(body)[:11] + "="},
	}}
}

// putBlob is a put whose bytes are blobs of 100 bytes each.
func putBlob(bucket, key string, blobs ...string) PutObject {
	op := put(bucket, key, "")
	op.ETag = etag(fmt.Sprint(blobs))
	for _, b := range blobs {
		op.Extents = append(op.Extents, Extent{Blob: b, Len: 100})
	}
	op.Size, op.Epoch = int64(100*len(blobs)), 1
	return op
}

func del(bucket, key string) DeleteObject {
	return DeleteObject{Bucket: bucket, Owner: "alice", Item: DeleteItem{Key: key}}
}

func delVersion(bucket, key, version string) DeleteObject {
	return DeleteObject{Bucket: bucket, Owner: "alice", Item: DeleteItem{Key: key, VersionID: version}}
}

func mkBucket(name string) CreateBucket {
	return CreateBucket{Name: name, Owner: "alice", Region: "us-east-1"}
}

func enable(bucket string) SetVersioning {
	return SetVersioning{Bucket: bucket, State: VersioningEnabled}
}

func suspend(bucket string) SetVersioning {
	return SetVersioning{Bucket: bucket, State: VersioningSuspended}
}
