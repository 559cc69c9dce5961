package meta

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bleepstore/reference/errcode"
)

// snapshotFile is what a leader would send: bucket b, key k, at index 3.
func snapshotFile(t *testing.T, value string) []byte {
	s := openMemory(t)
	s.must(mkBucket("b"), put("b", "k", "old"), put("b", "k", value))
	path := filepath.Join(t.TempDir(), "s.db")
	if _, err := s.db.Snapshot(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A database goes on from a snapshot while others read it and wait for it.
func TestReload(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				before := s.db.Applied()
				var body string
				err := s.db.View(context.Background(), func(tx *Tx) error {
					o, err := tx.Object("b", "k", "")
					if err == nil {
						err = tx.Body(&o)
					}
					body = string(o.Inline)
					return err
				})
				old := before < 3 && errcode.Of(err) == errcode.NoSuchKey
				if !old && (err != nil || body != "new") {
					t.Errorf("at %d or later: %q, %v", before, body, err)
					return
				}
			}
		})
	}
	waited := make(chan error)
	go func() { waited <- s.db.WaitApplied(context.Background(), 3) }()
	moved, err := s.db.Reload(bytes.NewReader(snapshotFile(t, "new")))
	if err != nil || !moved {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	stop()
	wg.Wait()
	s.index = s.db.Applied()
	s.must(put("b", "l", "on"))
	s.wantBody("b", "k", "", "new")
	s.wantBody("b", "l", "", "on")
	if moved, err := s.db.Reload(bytes.NewReader(snapshotFile(t, "older"))); err != nil || moved || s.db.Applied() != 4 {
		t.Errorf("an older snapshot: moved %v, %v, applied %d", moved, err, s.db.Applied())
	}
	s.wantBody("b", "k", "", "new")
}

// What is no snapshot changes nothing, and leaves nothing behind.
func TestReloadRefused(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"), put("b", "k", "1"))
	whole := snapshotFile(t, "new")
	for name, b := range map[string][]byte{"nothing": nil, "noise": []byte(strings.Repeat("noise", 1000)), "cut short": whole[:len(whole)/2]} {
		if moved, err := s.db.Reload(bytes.NewReader(b)); moved || err == nil || s.db.Err() != nil {
			t.Errorf("%s: moved %v, %v, broken %v", name, moved, err, s.db.Err())
		}
	}
	s.must(put("b", "k", "2"))
	s.wantBody("b", "k", "", "2")
	if _, err := os.Stat(s.db.o.Path + ".part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is left behind: %v", err)
	}
	if _, err := openMemory(t).db.Reload(bytes.NewReader(whole)); err == nil {
		t.Error("a database in memory was reloaded")
	}
}

func TestInspect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	whole := snapshotFile(t, "new")
	damaged := bytes.Clone(whole)
	copy(damaged[4096:], strings.Repeat("noise", 5000))
	for _, tt := range []struct {
		name string
		file []byte
		want error
	}{
		{"whole", whole, nil},
		{"missing", nil, fs.ErrNotExist},
		{"empty", []byte{}, ErrDamaged},
		{"noise", bytes.Repeat([]byte("noise"), 2000), ErrDamaged},
		{"pages of noise", damaged, ErrDamaged},
		{"cut short", whole[:len(whole)/2], ErrDamaged},
	} {
		if tt.file != nil {
			if err := os.WriteFile(path, tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		applied, err := Inspect(path)
		if !errors.Is(err, tt.want) || tt.want == nil && applied != 3 {
			t.Errorf("%s: at %d, %v; want %v", tt.name, applied, err, tt.want)
		}
		if err := (Volume{}).remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// A flush writes the log's page although nothing has changed, and goes back to
// the mode that was.
func TestFlush(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"))
	hash := s.hash()
	before, err := os.Stat(s.db.o.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(s.db.o.Path + "-wal")
	if err != nil || after.Size() <= before.Size() {
		t.Errorf("nothing was written: %d to %d bytes, %v", before.Size(), after.Size(), err)
	}
	if mode, err := pragma(s.db.m.c, "synchronous"); err != nil || mode != 1 {
		t.Errorf("synchronous is %d, %v", mode, err)
	}
	if s.hash() != hash || s.db.Applied() != 1 {
		t.Error("the state has changed")
	}
	s.must(put("b", "k", "1"))
}

// What a bucket was set to before a reload is not answered from memory behind it.
func TestReloadForgetsBuckets(t *testing.T) {
	s := openFile(t)
	ctx := context.Background()
	s.must(mkBucket("b"))
	if b, err := s.db.Bucket(ctx, "b"); err != nil || b.Versioning != "" {
		t.Fatalf("before: %+v, %v", b, err)
	}
	other := openFile(t)
	other.must(mkBucket("b"), SetVersioning{Bucket: "b", State: VersioningEnabled})
	path := filepath.Join(t.TempDir(), "snapshot")
	if _, err := other.db.Snapshot(ctx, path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if moved, err := s.db.Reload(bytes.NewReader(file)); err != nil || !moved {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if b, err := s.db.Bucket(ctx, "b"); err != nil || b.Versioning != VersioningEnabled {
		t.Errorf("behind the reload: %+v, %v", b, err)
	}
}
