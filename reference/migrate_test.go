package reference_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/migrate"
)

const (
	migrateDir  = "BLEEPSTORE_MIGRATE_DIR"  // makes this test binary a migration of it, from local to sqlite
	migrateKill = "BLEEPSTORE_MIGRATE_KILL" // and kill itself when so many blobs are copied

	migrated      = 1000 // small objects
	migratedLarge = 64 << 20
)

// migrateChild migrates migrateDir until it kills itself.
func migrateChild() (code int, ok bool) {
	dir := os.Getenv(migrateDir)
	if dir == "" {
		return 0, false
	}
	kill, err := strconv.ParseInt(os.Getenv(migrateKill), 10, 64)
	if err == nil {
		var p migrate.Progress
		go func() {
			for p.Blobs.Load() < kill {
				time.Sleep(100 * time.Microsecond)
			}
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
		}()
		err = reference.Migrate(context.Background(), reference.Config{Dir: dir}, reference.Config{Dir: dir, Backend: reference.SQLite},
			reference.MigrateOptions{Progress: &p})
	}
	fmt.Fprintln(os.Stderr, "the migration has ended by itself:", err)
	return 1, true
}

// A removal is a store that is migrated, and what must be in it.
type removal struct {
	t    *testing.T
	dir  string
	keys map[string][]byte
}

// newRemoval has small objects and a large one, all of them blobs.
func newRemoval(t *testing.T) *removal {
	r := &removal{t: t, dir: filepath.Join(t.TempDir(), "data"), keys: map[string][]byte{"large": bytesOf(1, migratedLarge)}}
	for i := range migrated {
		r.keys[fmt.Sprint("key-", i)] = bytesOf(uint64(i), 2+i*13%6000)
	}
	r.serve(func(c *s3.Client) {
		createBucket(t, c)
		var writers sync.WaitGroup
		keys := make(chan string)
		for range 16 {
			writers.Go(func() {
				for k := range keys {
					_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &k, Body: bytes.NewReader(r.keys[k])})
					if err != nil {
						t.Errorf("put %s: %v", k, err)
					}
				}
			})
		}
		for k := range r.keys {
			keys <- k
		}
		close(keys)
		writers.Wait()
	}, func(c *reference.Config) { c.Backend = reference.Local })
	return r
}

// serve runs a server on the directory, unless change says otherwise.
func (r *removal) serve(do func(c *s3.Client), change ...func(*reference.Config)) {
	r.t.Helper()
	r.t.Run("serve", func(t *testing.T) {
		in := reference.Start(t, append([]func(*reference.Config){func(c *reference.Config) {
			c.Dir, c.Limits.Inline = r.dir, 1
		}}, change...)...)
		do(s3.NewFromConfig(in.AWS))
	})
}

// wantAll reads every object, or only a few and the large one.
func (r *removal) wantAll(few bool, change ...func(*reference.Config)) {
	r.t.Helper()
	r.serve(func(c *s3.Client) {
		n := 0
		for k, want := range r.keys {
			if n++; few && n > 20 && k != "large" {
				continue
			}
			if got, err := get(c, k); err != nil || !bytes.Equal(got, want) {
				r.t.Errorf("%s: %d bytes, want %d; %v", k, len(got), len(want), err)
			}
		}
	}, change...)
}

// refuses says that no server starts, and why.
func (r *removal) refuses(want string, c reference.Config) {
	r.t.Helper()
	c.Users = []reference.User{{AccessKey: "a", SecretKey: "s"}}
	setDir(&c, r.dir)
	if s, err := reference.Open(r.t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
		r.t.Errorf("a server on %s, backend %s: got %v, want %q", c.Dir, c.Backend, err, want)
		if err == nil {
			_ = s.Close(r.t.Context())
		}
	}
}

func setDir(c *reference.Config, dir string) {
	if c.Dir == "" {
		c.Dir = dir
	}
}

func (r *removal) migrate(ctx context.Context, from, to reference.Config) (*migrate.Progress, error) {
	setDir(&from, r.dir)
	setDir(&to, r.dir)
	p := &migrate.Progress{}
	return p, reference.Migrate(ctx, from, to, reference.MigrateOptions{Progress: p})
}

func backend(b string) func(*reference.Config) { return func(c *reference.Config) { c.Backend = b } }

// A store moves from local to sqlite, killed half-way, then to a cloud, cut off
// half-way, and from there into a directory of its own; everything is there at each
// station, and until it has moved the store before is what it was.
func TestMigrate(t *testing.T) {
	if testing.Short() {
		t.Skip("moves a thousand objects three times")
	}
	r := newRemoval(t)
	for _, at := range []string{"200", "700"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), migrateDir+"="+r.dir, migrateKill+"="+at)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("got %v, want that it was killed: %s", err, out)
		}
		r.refuses("begun with the backend local", reference.Config{Backend: reference.SQLite})
		r.wantAll(true, backend(reference.Local))
	}
	p, err := r.migrate(t.Context(), reference.Config{}, reference.Config{Backend: reference.SQLite})
	if err != nil {
		t.Fatal(err)
	}
	if there := p.There.Load(); there < 600 || p.Blobs.Load() != migrated+1 {
		t.Errorf("%d of %d blobs were there already", there, p.Blobs.Load())
	}
	r.wantAll(false, backend(reference.SQLite))
	r.refuses("begun with the backend sqlite", reference.Config{Backend: reference.Local})
	if _, err := r.migrate(t.Context(), reference.Config{Backend: reference.Local}, reference.Config{Backend: reference.SQLite}); !errors.Is(err, reference.ErrMigrated) {
		t.Errorf("once more: %v", err)
	}
	t.Run("cloud", func(t *testing.T) { r.toCloud(t) })
}

func (r *removal) toCloud(t *testing.T) {
	cloud := newCloud(memory.New(0))
	first := reference.Config{Backend: reference.AWS, OpenBlobs: cloud.Open}
	cut, cancel := context.WithCancel(t.Context())
	half := reference.Config{Backend: reference.AWS, OpenBlobs: func(ctx context.Context, owner string) (blob.Store, error) {
		s, err := cloud.Open(ctx, owner)
		return &cutting{Store: s, left: migrated / 2, cut: cancel}, err
	}}
	if _, err := r.migrate(cut, reference.Config{}, half); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	r.refuses("begun with the backend sqlite", first)
	r.wantAll(true, backend(reference.SQLite))
	p, err := r.migrate(t.Context(), reference.Config{}, first)
	if err != nil {
		t.Fatal(err)
	}
	if there := p.There.Load(); there < migrated/2-migrate.DefaultCopies {
		t.Errorf("%d blobs were there already", there)
	}
	inCloud := func(c *reference.Config) { c.Backend, c.OpenBlobs = reference.AWS, cloud.Open }
	r.wantAll(false, inCloud)

	// Another bucket of the same cloud is none of this server's until all is there.
	second := newCloud(memory.New(0))
	other := reference.Config{Backend: reference.AWS, OpenBlobs: second.Open}
	r.refuses("right bucket", other)
	if _, err := r.migrate(t.Context(), first, other); err != nil {
		t.Fatal(err)
	}
	r.refuses("right bucket", first)
	r.wantAll(true, func(c *reference.Config) { c.Backend, c.OpenBlobs = reference.AWS, second.Open })
	r.apart(t, other, second)
}

// apart gives the store a twin in a directory of its own.
func (r *removal) apart(t *testing.T, from reference.Config, cloud *cloudOf) {
	to := reference.Config{Dir: filepath.Join(t.TempDir(), "second"), Backend: reference.Local}
	cut, cancel := context.WithCancel(t.Context())
	cutFrom := from
	cutFrom.OpenBlobs = func(ctx context.Context, owner string) (blob.Store, error) {
		s, err := cloud.Open(ctx, owner)
		return &cutting{Store: s, left: migrated / 3, cut: cancel}, err
	}
	if _, err := r.migrate(cut, cutFrom, to); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	r.refuses("was not finished", to)
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: to.Dir}, io.Discard); err == nil {
		t.Error("a backup of what is half there")
	}
	if _, err := r.migrate(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	if _, err := r.migrate(t.Context(), from, to); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into what is there: %v", err)
	}
	r.wantAll(true, func(c *reference.Config) { c.Backend, c.OpenBlobs = reference.AWS, cloud.Open })
	if a, b := idOf(t, r.dir), idOf(t, to.Dir); a == b || a == "" {
		t.Errorf("two stores have the ids %q and %q", a, b)
	}
	r.wantAll(false, backend(reference.Local), func(c *reference.Config) { c.Dir = to.Dir })
}

func idOf(t *testing.T, dir string) string {
	t.Helper()
	var id struct{ ID string }
	text, err := os.ReadFile(filepath.Join(dir, "id"))
	if err == nil {
		err = json.Unmarshal(text, &id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return id.ID
}

// A cutting store cuts off who uses it, after some blobs.
type cutting struct {
	blob.Store
	mu   sync.Mutex
	left int
	cut  func()
}

func (c *cutting) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.cut()
	}
}

func (c *cutting) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	c.tick()
	return c.Store.Create(ctx, id, r, size)
}

func (c *cutting) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	c.tick()
	return c.Store.Open(ctx, id, off, n)
}

// What cannot be migrated is refused before anything is touched.
func TestMigrateIsRefused(t *testing.T) {
	t.Parallel()
	dir, node := t.TempDir(), t.TempDir()
	s := open(t, reference.Config{Dir: dir})
	one := reference.Config{Dir: dir}
	n := open(t, reference.Config{Dir: node, Cluster: &reference.ClusterConfig{Addr: "127.0.0.1:0", Bootstrap: true, Secret: []byte(reference.ClusterSecret)}})
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		from, to reference.Config
		want     string
	}{
		"a server that runs":     {one, reference.Config{Dir: dir, Backend: reference.SQLite}, "another server"},
		"what is no directory":   {reference.Config{Dir: t.TempDir()}, one, "no data directory"},
		"what is there already":  {one, one, "nothing to migrate"},
		"into memory":            {one, reference.Config{Backend: reference.Memory}, "memory"},
		"a node":                 {reference.Config{Dir: node}, reference.Config{Dir: node, Backend: reference.SQLite}, "of a cluster"},
		"from what it is not":    {reference.Config{Dir: dir, Backend: reference.GCP, OpenBlobs: newCloud(memory.New(1)).Open}, one, "already migrated"},
		"without the cloud's":    {one, reference.Config{Dir: dir, Backend: reference.AWS}, "built without it"},
		"metadata in two places": {one, reference.Config{Dir: dir, Backend: reference.SQLite, MetaPath: filepath.Join(dir, "x")}, "has its metadata at"},
	} {
		if err := reference.Migrate(t.Context(), tt.from, tt.to, reference.MigrateOptions{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A directory that holds something is not taken for a new one.
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reference.Migrate(t.Context(), one, reference.Config{Dir: full}, reference.MigrateOptions{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a directory that holds something: %v", err)
	}
}
