package reference_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
)

func TestMain(m *testing.M) {
	if code, ok := migrateChild(); ok {
		os.Exit(code)
	}
	if code, ok := crashChild(); ok {
		os.Exit(code)
	}
	// Nodes mostly wait, for elections and for the disk: more tests at a time than
	// there are processors. A flag of the command line comes later, and counts.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func backends(t *testing.T, f func(t *testing.T, change func(*reference.Config))) {
	for _, b := range []string{reference.Memory, reference.Local, reference.SQLite} {
		t.Run(b, func(t *testing.T) { f(t, func(c *reference.Config) { c.Backend = b }) })
	}
}

func put(t *testing.T, c *s3.Client, key string, body []byte) {
	t.Helper()
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func get(c *s3.Client, key string) ([]byte, error) {
	out, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func createBucket(t *testing.T, c *s3.Client) {
	t.Helper()
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
}

// The SDK talks to what Start returns, on every backend, and nothing is left
// running (see TestMain).
func TestStart(t *testing.T) {
	backends(t, func(t *testing.T, backend func(*reference.Config)) {
		in := reference.Start(t, backend)
		c := s3.NewFromConfig(in.AWS)
		createBucket(t, c)
		for _, n := range []int{0, 10, 300 << 10} {
			body := bytes.Repeat([]byte("x"), n)
			put(t, c, "k", body)
			if got, err := get(c, "k"); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes: got %d, %v", n, len(got), err)
			}
		}
		stats, err := in.Server.Stats(t.Context())
		if err != nil || stats.Buckets != 1 || stats.Objects != 1 || stats.Bytes != 300<<10 || !in.Server.Ready() {
			t.Errorf("stats %+v, %v; ready %v", stats, err, in.Server.Ready())
		}
	})
}

func open(t *testing.T, c reference.Config) *reference.Server {
	t.Helper()
	c.Users = []reference.User{{AccessKey: "a", SecretKey: "s"}}
	s, err := reference.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOneServerADirectory(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	users := []reference.User{{AccessKey: "a", SecretKey: "s"}}
	s := open(t, reference.Config{Dir: dir, BlobDir: elsewhere})
	for name, c := range map[string]reference.Config{
		"the same directory": {Dir: dir, Users: users},
		"the same blobs":     {Dir: t.TempDir(), BlobDir: elsewhere, Users: users},
	} {
		if _, err := reference.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "another server") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := reference.Open(t.Context(), reference.Config{Dir: dir, Backend: reference.SQLite, Users: users}); err == nil ||
		!strings.Contains(err.Error(), "backend local") {
		t.Errorf("another backend: got %v", err)
	}
	s = open(t, reference.Config{Dir: dir, BlobDir: elsewhere})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "id")); err != nil {
		t.Fatal(err)
	}
	if _, err := reference.Open(t.Context(), reference.Config{Dir: dir, BlobDir: elsewhere, Users: users}); err == nil {
		t.Error("a directory without its id was taken for a new one")
	}
}

func TestConfigIsChecked(t *testing.T) {
	users := []reference.User{{AccessKey: "a", SecretKey: "s"}}
	for name, c := range map[string]reference.Config{
		"no user":            {Backend: reference.Memory},
		"no secret":          {Backend: reference.Memory, Users: []reference.User{{AccessKey: "a"}}},
		"key twice":          {Backend: reference.Memory, Users: append(users, users...)},
		"unknown backend":    {Backend: "tape", Dir: t.TempDir(), Users: users},
		"no directory":       {Users: users},
		"TLS without keys":   {Backend: reference.Memory, TLSAddr: "127.0.0.1:0", Users: users},
		"bad address":        {Backend: reference.Memory, Addr: "nowhere:x", Users: users},
		"grace too short":    {Backend: reference.Memory, Users: users, Limits: shortGrace()},
		"snapshot elsewhere": {Backend: reference.Memory, Users: users, Blobs: memory.New(0), Memory: reference.MemoryConfig{Snapshot: "x"}},
	} {
		if _, err := reference.Open(t.Context(), c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// What a memory backend held is there again after Close and Open.
func TestSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snap")
	snap := func(c *reference.Config) { c.Memory.Snapshot = path }
	small, large := []byte("small"), bytes.Repeat([]byte("large"), 100_000)
	t.Run("first", func(t *testing.T) {
		c := s3.NewFromConfig(reference.Start(t, snap).AWS)
		createBucket(t, c)
		put(t, c, "small", small)
		put(t, c, "large", large)
	})
	for range 2 { // the second time nothing has changed
		t.Run("again", func(t *testing.T) {
			c := s3.NewFromConfig(reference.Start(t, snap).AWS)
			for k, want := range map[string][]byte{"small": small, "large": large} {
				if got, err := get(c, k); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes, %v", k, len(got), err)
				}
			}
		})
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 3 {
		t.Errorf("files %v, want the snapshot, its lock and its key", left)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	users := []reference.User{{AccessKey: "a", SecretKey: "s"}}
	for _, n := range []int{0, 10, 40, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		c := reference.Config{Backend: reference.Memory, Users: users, Memory: reference.MemoryConfig{Snapshot: path}}
		if s, err := reference.Open(t.Context(), c); err == nil {
			t.Errorf("a snapshot cut to %d of %d bytes was accepted", n, len(whole))
			s.Close(t.Context())
		}
	}
}

// Close lets a request that runs come to its end and refuses new ones.
func TestCloseDrains(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	in := reference.Start(t, func(c *reference.Config) { c.Blobs = &slowBlobs{memory.New(0), entered, leave} })
	c := s3.NewFromConfig(in.AWS)
	createBucket(t, c)
	put(t, c, "k", []byte("inline"))
	done := make(chan error)
	go func() {
		_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("slow"),
			Body: bytes.NewReader(make([]byte, 100<<10))})
		done <- err
	}()
	<-entered
	closed := make(chan error)
	go func() { closed <- in.Server.Close(context.Background()) }()
	for in.Server.Ready() {
		runtime.Gosched()
	}
	leave <- true
	if err := <-done; err != nil {
		t.Errorf("the request that ran: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if resp, err := http.Get(in.URL); err == nil {
		resp.Body.Close()
		t.Errorf("a new request was answered %s", resp.Status)
	}
	if _, err := in.Server.Stats(t.Context()); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("stats after Close: %v", err)
	}
}

// Close does not wait for a client that sends nothing once its time is up.
func TestCloseCutsWhatHangs(t *testing.T) {
	in := reference.Start(t)
	createBucket(t, s3.NewFromConfig(in.AWS))
	body, hang := io.Pipe()
	defer hang.Close()
	cfg := in.AWS
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	done := make(chan error)
	go func() {
		_, err := s3.NewFromConfig(cfg).PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"),
			Body: body, ContentLength: aws.Int64(1 << 20)}, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware),
			func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
		done <- err
	}()
	if _, err := hang.Write([]byte("a few bytes")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.Server.Close(ctx); err != nil {
		t.Error(err)
	}
	hang.Close()
	if err := <-done; err == nil {
		t.Error("half a body was acknowledged")
	}
}

// The memory backend saves itself now and then, not only when it is closed.
func TestSnapshotAtIntervals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snap")
	clock := &tickClock{every: 7 * time.Second, ticks: make(chan time.Time)}
	c := s3.NewFromConfig(reference.Start(t, func(c *reference.Config) {
		c.Clock, c.Memory.Snapshot, c.Memory.Every = clock, path, clock.every
	}).AWS)
	createBucket(t, c)
	put(t, c, "k", []byte("saved"))
	clock.ticks <- time.Time{}
	clock.ticks <- time.Time{} // taken once the first is dealt with
	put(t, c, "k", []byte("lost"))
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := path + "-copy"
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{copied: image, copied + ".key": key} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c = s3.NewFromConfig(reference.Start(t, func(c *reference.Config) { c.Memory.Snapshot = copied }).AWS)
	if got, err := get(c, "k"); err != nil || string(got) != "saved" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A store that cannot sync ends Serve: only a new process may go on.
func TestFailedSyncEndsServe(t *testing.T) {
	s := open(t, reference.Config{Backend: reference.Memory, Addr: "127.0.0.1:0", Blobs: brokenBlobs{memory.New(0)}})
	served := make(chan error)
	go func() { served <- s.Serve() }()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(s.URL()), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		}), HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	c := s3.NewFromConfig(cfg)
	createBucket(t, c)
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, 100<<10))})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InternalError" {
		t.Errorf("put: got %v, want InternalError", err)
	}
	if err := <-served; !errors.Is(err, blob.ErrSync) {
		t.Errorf("Serve returned %v, want ErrSync", err)
	}
	if s.Ready() {
		t.Error("still ready")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func BenchmarkStart(b *testing.B) {
	for _, backend := range []string{reference.Memory, reference.Local, reference.SQLite} {
		b.Run(backend, func(b *testing.B) {
			for b.Loop() {
				c := reference.Config{Backend: backend, Dir: b.TempDir(), Addr: "127.0.0.1:0", Users: []reference.User{{AccessKey: "a", SecretKey: "s"}}}
				s, err := reference.Open(b.Context(), c)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := s.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
