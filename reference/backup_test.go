package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/admin"
	"bleepstore/reference/backup"
	"bleepstore/reference/crypt"
)

// files are the files under dir, relative.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// text is n bytes of a key's own.
func text(key string, n int) []byte { return []byte(strings.Repeat(key, n/len(key)+1)[:n]) }

var keysOfTest = []string{"small", "large", "larger"}

// fill puts the objects of the test into a server.
func fill(t *testing.T, in *reference.Instance) {
	t.Helper()
	c := s3.NewFromConfig(in.AWS)
	createBucket(t, c)
	for i, key := range keysOfTest {
		put(t, c, key, text(key, 1<<(10*i)))
	}
}

// holds demands them.
func holds(t *testing.T, in *reference.Instance) {
	t.Helper()
	c := s3.NewFromConfig(in.AWS)
	for i, key := range keysOfTest {
		if got, err := get(c, key); err != nil || !bytes.Equal(got, text(key, 1<<(10*i))) {
			t.Errorf("%s: %d bytes, %v", key, len(got), err)
		}
	}
	put(t, c, "new", text("new", 100<<10))
}

// master are the keys of servers whose directory does not come with its own.
var master = []crypt.Key{{1, 2, 3}}

// A running server is backed up and restored from every backend to every other,
// and so is what a server has left.
func TestBackupAndRestore(t *testing.T) {
	for _, from := range []string{reference.Memory, reference.Local, reference.SQLite} {
		t.Run(from, func(t *testing.T) {
			if testing.Short() && from != reference.Local {
				t.Skip("one backend is enough for now")
			}
			dir := t.TempDir()
			var live, left bytes.Buffer
			t.Run("serve", func(t *testing.T) {
				in := reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir, c.MasterKeys = from, dir, master })
				fill(t, in)
				if err := in.Server.Backup(t.Context(), &live); err != nil {
					t.Fatal(err)
				}
			})
			backups := []*bytes.Buffer{&live}
			if from != reference.Memory {
				if _, err := reference.Backup(t.Context(), reference.Config{Dir: dir}, &left); err != nil {
					t.Fatal(err)
				}
				backups = append(backups, &left)
			}
			for _, to := range []string{reference.Local, reference.SQLite} {
				for _, b := range backups {
					c := reference.Config{Dir: filepath.Join(t.TempDir(), "new"), Backend: to}
					m, err := reference.Restore(t.Context(), c, bytes.NewReader(b.Bytes()))
					if err != nil || m.Objects != 3 || m.Blobs != 1 {
						t.Fatalf("to %s: %+v, %v", to, m, err)
					}
					in := reference.Start(t, func(o *reference.Config) { o.Backend, o.Dir, o.MasterKeys = to, c.Dir, master })
					holds(t, in)
				}
			}
		})
	}
}

// A restored store is another one than that which was backed up.
func TestRestoreMintsAnID(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, reference.Config{Dir: dir}).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: dir}, &b); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, d := range []string{dir, t.TempDir(), t.TempDir()} {
		if d != dir {
			if _, err := reference.Restore(t.Context(), reference.Config{Dir: d}, bytes.NewReader(b.Bytes())); err != nil {
				t.Fatal(err)
			}
		}
		id, err := os.ReadFile(filepath.Join(d, "id"))
		if err != nil {
			t.Fatal(err)
		}
		ids[string(id)] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids: %v", ids)
	}
}

func TestBackupRefuses(t *testing.T) {
	used := t.TempDir()
	in := reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir = reference.Local, used })
	fill(t, in)
	for name, tc := range map[string]struct{ dir, backend, says string }{
		"no directory":       {filepath.Join(t.TempDir(), "none"), "", "no data directory"},
		"an empty directory": {t.TempDir(), "", "no data directory"},
		"one in use":         {used, "", "another server is using it"},
	} {
		if _, err := reference.Backup(t.Context(), reference.Config{Dir: tc.dir, Backend: tc.backend}, io.Discard); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	if err := in.Server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: used, Backend: reference.SQLite}, io.Discard); err == nil {
		t.Error("another backend: no error")
	}
	elsewhere := reference.Config{Dir: used, MetaPath: filepath.Join(used, "other.db")}
	if _, err := reference.Backup(t.Context(), elsewhere, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its metadata: got %v", err)
	}
	if _, err := os.Stat(elsewhere.MetaPath); err == nil {
		t.Error("looking for the metadata has made some")
	}
	if err := os.RemoveAll(filepath.Join(used, "blobs")); err != nil {
		t.Fatal(err)
	}
	var missing *backup.MissingError
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: used}, io.Discard); !errors.As(err, &missing) || missing.Blobs != 1 || missing.Of != 1 {
		t.Errorf("without its blobs: got %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	var whole bytes.Buffer
	in := reference.Start(t)
	fill(t, in)
	if err := in.Server.Backup(t.Context(), &whole); err != nil {
		t.Fatal(err)
	}
	try := func(c reference.Config, b []byte) error {
		_, err := reference.Restore(t.Context(), c, bytes.NewReader(b))
		return err
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := try(reference.Config{Dir: full}, whole.Bytes()); err == nil || strings.Join(files(t, full), " ") != "mine" {
		t.Errorf("a directory with a file: got %v, files %v", err, files(t, full))
	}
	if err := try(reference.Config{Dir: t.TempDir(), BlobDir: full}, whole.Bytes()); err == nil || strings.Join(files(t, full), " ") != "mine" {
		t.Errorf("a directory of blobs with a file: got %v, files %v", err, files(t, full))
	}
	if err := try(reference.Config{Backend: reference.Memory}, whole.Bytes()); err == nil {
		t.Error("memory: no error")
	}
	// What is damaged leaves nothing, so that the next attempt can succeed.
	for _, backend := range []string{reference.Local, reference.SQLite} {
		c := reference.Config{Dir: t.TempDir(), Backend: backend}
		for _, n := range []int{0, 600, 5000, whole.Len() / 2, whole.Len() - 1} {
			if err := try(c, whole.Bytes()[:n]); !errors.Is(err, backup.ErrDamaged) {
				t.Errorf("%d of %d bytes: got %v", n, whole.Len(), err)
			}
			if got := strings.Join(files(t, c.Dir), " "); got != "lock" {
				t.Errorf("%d of %d bytes: it leaves %s", n, whole.Len(), got)
			}
		}
		if err := try(c, whole.Bytes()); err != nil {
			t.Errorf("at last: %v", err)
		}
		if err := try(c, whole.Bytes()); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("again: got %v", err)
		}
	}
}

// A process that was killed in the middle of a restore leaves a directory with
// which no server starts.
func TestUnfinishedRestoreDoesNotStart(t *testing.T) {
	var whole bytes.Buffer
	in := reference.Start(t)
	fill(t, in)
	if err := in.Server.Backup(t.Context(), &whole); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 600, 5000, whole.Len() / 2, whole.Len() - 1} {
		dir, half := t.TempDir(), t.TempDir()
		stream, writer := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			_, err := reference.Restore(context.Background(), reference.Config{Dir: dir}, stream)
			ended <- err
		}()
		if n > 0 {
			if _, err := writer.Write(whole.Bytes()[:n]); err != nil {
				t.Fatal(err)
			}
		}
		// It waits for more, or will: what is there now is what kill -9 leaves.
		appears(t, filepath.Join(dir, "id"))
		if err := os.CopyFS(filepath.Join(half, "copy"), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		_ = writer.Close() // it has no error
		if err := <-ended; !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%d bytes: got %v", n, err)
		}
		c := reference.Config{Dir: filepath.Join(half, "copy"), Users: []reference.User{{AccessKey: "a", SecretKey: "s"}}}
		if _, err := reference.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "not finished") {
			t.Errorf("%d bytes: a server started, or %v", n, err)
		}
		if _, err := reference.Backup(t.Context(), reference.Config{Dir: c.Dir}, io.Discard); err == nil {
			t.Errorf("%d bytes: it was backed up", n)
		}
	}
}

// appears waits for a file.
func appears(t *testing.T, path string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("there is no %s", path)
		}
	}
}

// A stuck client neither keeps Close waiting nor lets a second backup begin.
func TestBackupOfAServerThatCloses(t *testing.T) {
	in := reference.Start(t, func(c *reference.Config) { c.Backend = reference.Local })
	fill(t, in)
	w := &stuck{reached: make(chan struct{}), gone: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- in.Server.Backup(context.Background(), w) }()
	<-w.reached
	if err := in.Server.Backup(t.Context(), io.Discard); !errors.Is(err, admin.ErrRunning) {
		t.Errorf("a second one: got %v", err)
	}
	if err := in.Server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	close(w.gone)
	if err := <-ended; err == nil {
		t.Error("it claims to be whole")
	}
	if err := in.Server.Backup(t.Context(), io.Discard); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("of a closed server: got %v", err)
	}
}

// stuck is a client that takes nothing until it is gone.
type stuck struct{ reached, gone chan struct{} }

func (s *stuck) Write([]byte) (int, error) {
	close(s.reached)
	<-s.gone
	return 0, errors.New("the client is gone")
}

// Backups follow each other, also one that failed.
func TestBackupAfterBackup(t *testing.T) {
	in := reference.Start(t, func(c *reference.Config) { c.Backend = reference.Local })
	fill(t, in)
	for i := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := in.Server.Backup(ctx, io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got %v", err)
		}
		var b bytes.Buffer
		if err := in.Server.Backup(t.Context(), &b); err != nil {
			t.Error(fmt.Sprint("number ", i), err)
		}
		if _, err := backup.Verify(t.Context(), &b); err != nil {
			t.Error(err)
		}
	}
}
