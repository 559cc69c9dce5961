package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// migrateObjects is how many objects TestMigrateLong moves; without it that is
// skipped.
const migrateObjects = "BLEEPSTORE_MIGRATE_OBJECTS"

const (
	longLarge = 10       // objects of 64 MiB
	longSmall = 20 << 10 // bytes of the others, which are blobs too
	longUser  = "access"
	longKey   = "a secret key"
)

// A mover moves a store to another server of this program, by the AWS backend.
type mover struct {
	t       *testing.T
	dir     string
	objects int
}

// TestMigrateLong: many objects, some of 64 MiB, move from local files to the AWS
// backend at a server of our own. The command is killed half-way: the server as it
// was serves on. Called again, it goes on, and everything is there.
func TestMigrateLong(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(migrateObjects))
	if err != nil {
		t.Skipf("make migrate-long sets %s", migrateObjects)
	}
	m := &mover{t: t, dir: t.TempDir(), objects: n}
	m.settings("from.yaml", "storage: {backend: local, data: data}")
	cloud := m.serve("cloud", "--data", filepath.Join(m.dir, "cloud"))
	bodies := m.client(cloud)
	if _, err := bodies.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bodies")}); err != nil {
		t.Fatal(err)
	}
	m.settings("to.yaml", fmt.Sprintf("storage: {backend: aws, data: data, aws: {bucket: bodies, region: us-east-1, prefix: a/, endpoint_url: %q, use_path_style: true, access_key_id: %s, secret_access_key: %s}}",
		cloud.url, longUser, longKey))
	m.fill()

	began := time.Now()
	cmd, said := m.command()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for m.count(bodies) < n/2 {
		select {
		case err := <-ended:
			t.Fatalf("the migration has ended: %v\n%s", err, said)
		case <-time.After(50 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill() // it may have ended, which the next line tells
	if err := <-ended; err == nil {
		t.Fatalf("it was not killed:\n%s", said)
	}
	half := m.count(bodies)
	m.verify("from.yaml", 50)

	cmd, said = m.command()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("killed at %d objects after %s\n%s", half, time.Since(began).Round(time.Second), said)
	if !strings.Contains(said.String(), fmt.Sprintf("migrated %d blobs", n)) || strings.Contains(said.String(), ", 0 of which were there already") {
		t.Error("it did not go on")
	}
	m.verify("to.yaml", n)
	if err := cloud.stop(); err != nil {
		t.Error(err)
	}
}

func (m *mover) settings(name, text string) {
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// command is the migration, and what it will say.
func (m *mover) command() (*exec.Cmd, *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	said := &bytes.Buffer{}
	cmd := exec.CommandContext(m.t.Context(), self, "migrate", "--from", "from.yaml", "--to", "to.yaml")
	cmd.Args[0], cmd.Dir, cmd.Stdout, cmd.Stderr = "bleepstore", m.dir, said, said
	return cmd, said
}

// serve starts a server, whose files are named after it.
func (m *mover) serve(name string, args ...string) *launched {
	m.t.Helper()
	dir := filepath.Join(m.dir, name+"-process")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		m.t.Fatal(err)
	}
	p, err := startProcess(dir, append([]string{"serve", "--access-key", longUser, "--secret-key", longKey, "--ops-addr", "off"}, args...)...)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = p.stop() }) // it has been, unless the test failed
	return p
}

// by serves the store by the settings of a file while do runs.
func (m *mover) by(file string, do func(c *s3.Client)) {
	m.t.Helper()
	m.t.Chdir(m.dir)
	p := m.serve(file, "--config", filepath.Join(m.dir, file))
	do(m.client(p))
	if err := p.stop(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mover) client(p *launched) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(p.url.String()), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(longUser, longKey, ""),
	})
}

// each does something with every object, several at a time.
func (m *mover) each(few int, do func(key string, body []byte) error) {
	m.t.Helper()
	todo := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range todo {
				size := longSmall
				if i < longLarge {
					size = 64 << 20
				}
				body := make([]byte, size)
				_, _ = rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}).Read(body) // it has no error
				if err := do(fmt.Sprintf("key-%06d", i), body); err != nil {
					m.t.Errorf("object %d: %v", i, err)
				}
			}
		})
	}
	for i := range few {
		todo <- i
	}
	close(todo)
	workers.Wait()
	if m.t.Failed() {
		m.t.FailNow()
	}
}

func (m *mover) fill() {
	m.by("from.yaml", func(c *s3.Client) {
		if _, err := c.CreateBucket(m.t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
			m.t.Fatal(err)
		}
		m.each(m.objects, func(key string, body []byte) error {
			_, err := c.PutObject(m.t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(body)})
			return err
		})
	})
}

// verify reads the first objects.
func (m *mover) verify(file string, few int) {
	m.by(file, func(c *s3.Client) {
		m.each(few, func(key string, body []byte) error {
			out, err := c.GetObject(m.t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key})
			if err != nil {
				return err
			}
			defer out.Body.Close()
			got, err := io.ReadAll(out.Body)
			if err == nil && !bytes.Equal(got, body) {
				err = fmt.Errorf("%d bytes, want %d others", len(got), len(body))
			}
			return err
		})
	})
}

// count is how many objects lie in the bucket of bodies.
func (m *mover) count(c *s3.Client) (n int) {
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String("bodies")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(m.t.Context())
		if err != nil {
			m.t.Fatal(err)
		}
		n += len(page.Contents)
	}
	return n
}
