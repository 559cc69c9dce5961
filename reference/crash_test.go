package reference_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"bleepstore/reference"
	"bleepstore/reference/object"
)

const (
	crashDir     = "BLEEPSTORE_CRASH_DIR"     // makes this test binary the server to be killed
	crashBackend = "BLEEPSTORE_CRASH_BACKEND" //
	crashRounds  = "BLEEPSTORE_CRASHES"       // kills per backend; default 3
	crashSpace   = "BLEEPSTORE_CRASH_SPACE"   // with less free bytes the server refuses new ones; default 512 MiB
	crashReserve = "BLEEPSTORE_CRASH_RESERVE" // its Config.Reserve
	crashPeers   = "BLEEPSTORE_CRASH_PEERS"   // addresses of the nodes n1, n2..., of which it is the first; "": it stands alone
	crashWriters = 6
	crashKeys    = 4 // per writer
	crashPart    = 5 << 10
)

// crashChild serves crashDir until it is killed or its parent is gone.
func crashChild() (code int, ok bool) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		return 0, false
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	space, _ := strconv.ParseInt(os.Getenv(crashSpace), 10, 64)
	reserve, _ := strconv.ParseInt(os.Getenv(crashReserve), 10, 64)
	keys, err := sharedKeys(dir, os.Getenv(crashPeers))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	s, err := reference.Open(context.Background(), reference.Config{
		MasterKeys: keys, Dir: dir, Backend: os.Getenv(crashBackend), Addr: "127.0.0.1:0", Reserve: reserve,
		Users: []reference.User{{AccessKey: "a", SecretKey: "s"}}, Limits: object.Limits{MinPart: crashPart, Reserve: space},
		Cluster: crashNode(os.Getenv(crashPeers)),
	})
	if err == nil {
		fmt.Println(s.URL())
		err = s.Serve()
	}
	fmt.Fprintln(os.Stderr, err)
	return 1, true
}

// TestKill kills a loaded server again and again. After each time it starts
// anew, and every key must hold, whole, the last body that was acknowledged or
// one whose answer never came; and nothing that was refused.
func TestKill(t *testing.T) {
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	for _, backend := range []string{reference.Local, reference.SQLite} {
		t.Run(backend, func(t *testing.T) {
			w := newCrashWorld(t, backend)
			acked := 0
			for round := range rounds {
				w.start()
				w.verify(round)
				if t.Failed() {
					return
				}
				acked += w.loadUntilKilled()
			}
			w.start()
			w.verify(rounds)
			w.kill()
			t.Logf("%d kills, %d acknowledged writes", rounds, acked)
		})
	}
}

// A crashWorld is the server's data directory and what its clients know.
type crashWorld struct {
	t      *testing.T
	dir    string
	rand   *rand.Rand
	env    []string
	cmd    *exec.Cmd
	stdin  io.Closer
	client *s3.Client
	http   *http.Transport
	keys   []*crashKey
	next   atomic.Int64 // numbers bodies
}

// A crashKey is a key and the bodies that it may hold; "" is none. Only one
// writer uses it at a time.
type crashKey struct {
	name     string
	possible []string
}

func newCrashWorld(t *testing.T, backend string) *crashWorld {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &crashWorld{t: t, dir: t.TempDir(), rand: rand.New(rand.NewPCG(seed, 0))}
	w.env = append(os.Environ(), crashDir+"="+w.dir, crashBackend+"="+backend)
	for i := range crashWriters * crashKeys {
		w.keys = append(w.keys, &crashKey{name: fmt.Sprintf("key-%03d", i), possible: []string{""}})
	}
	return w
}

func (w *crashWorld) start() {
	w.t.Helper()
	w.cmd = exec.Command(os.Args[0])
	w.cmd.Env, w.cmd.Stderr = w.env, os.Stderr
	stdin, err := w.cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.stdin = stdin
	w.t.Cleanup(func() { stdin.Close() }) // ends the child if the test does not
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		w.t.Fatalf("server did not come up: %v", err)
	}
	w.http = &http.Transport{MaxIdleConnsPerHost: crashWriters}
	w.client = s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(strings.TrimSpace(url)), HTTPClient: &http.Client{Transport: w.http},
		Credentials: credentials.NewStaticCredentialsProvider("a", "s", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := w.client.CreateBucket(w.t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *crashWorld) kill() {
	_ = w.cmd.Process.Kill() // SIGKILL
	_ = w.cmd.Wait()
	w.stdin.Close()
	w.http.CloseIdleConnections()
}

// loadUntilKilled writes with several clients and kills the server under them
// after a random number of acknowledged writes, which it returns.
func (w *crashWorld) loadUntilKilled() int {
	target := int64(1 + w.rand.IntN(150))
	var acked atomic.Int64
	var once sync.Once
	var wg sync.WaitGroup
	for i := range crashWriters {
		c := &crashClient{w: w, rand: rand.New(rand.NewPCG(w.rand.Uint64(), 0)), keys: w.keys[i*crashKeys : (i+1)*crashKeys]}
		wg.Go(func() {
			for c.step() {
				if acked.Add(1) >= target {
					once.Do(w.kill)
				}
			}
		})
	}
	wg.Wait()
	once.Do(w.kill)
	return int(acked.Load())
}

// verify reads every key and pins what it may be to what it is.
func (w *crashWorld) verify(round int) {
	w.t.Helper()
	listed := map[string]bool{}
	out, err := w.client.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range out.Contents {
		listed[*o.Key] = true
	}
	for _, k := range w.keys {
		id, err := w.read(k.name)
		if err != nil {
			w.t.Errorf("after kill %d: %s: %v", round, k.name, err)
			continue
		}
		if !slices.Contains(k.possible, id) {
			w.t.Errorf("after kill %d: %s holds %q, want one of %q", round, k.name, id, k.possible)
		}
		if listed[k.name] != (id != "") {
			w.t.Errorf("after kill %d: %s is listed: %v, but holds %q", round, k.name, listed[k.name], id)
		}
		k.possible = []string{id}
	}
}

// read returns the id of the body under a key, "" when there is none, and an
// error when it is not whole.
func (w *crashWorld) read(key string) (string, error) {
	out, err := w.client.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key})
	if code(err) == "NoSuchKey" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(string(body), "\n")
	if !bytes.Equal(body, crashBody(id)) {
		return "", fmt.Errorf("%d bytes that begin with %.40q are not a whole body", len(body), body)
	}
	return id, nil
}

// crashBody makes the bytes of a body from its id, "<number>.<size>".
func crashBody(id string) []byte {
	_, size, _ := strings.Cut(id, ".")
	n, _ := strconv.Atoi(size)
	line := []byte(id + "\n")
	return bytes.Repeat(line, n/len(line)+1)[:max(n, len(line))]
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// A crashClient writes to its own keys, one request at a time.
type crashClient struct {
	w    *crashWorld
	rand *rand.Rand
	keys []*crashKey
}

var crashSizes = []int{20, 5000, 20 << 10, 200 << 10}

// step does one operation; false means that the server is gone.
func (c *crashClient) step() bool {
	k := c.keys[c.rand.IntN(len(c.keys))]
	id := fmt.Sprintf("%d.%d", c.w.next.Add(1), crashSizes[c.rand.IntN(len(crashSizes))])
	switch op := c.rand.IntN(10); {
	case op < 4:
		return c.settle(k, id, c.put(k.name, id))
	case op < 5:
		_, err := c.w.client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &k.name})
		return c.settle(k, "", err)
	case op < 7:
		return c.settle(k, id, c.multipart(k.name, id))
	case op < 8:
		src := c.keys[c.rand.IntN(len(c.keys))]
		if src == k || src.possible[0] == "" {
			return true
		}
		_, err := c.w.client.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("bucket"), Key: &k.name, CopySource: aws.String("bucket/" + src.name)})
		return c.settle(k, src.possible[0], err)
	case op < 9:
		if k.possible[0] == "" {
			return true
		}
		return c.refused(k, "PreconditionFailed", c.put(k.name, id, func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }))
	default:
		wrong := "AAAAAAAAAAAAAAAAAAAAAA=="
		return c.refused(k, "BadDigest", c.put(k.name, id, func(in *s3.PutObjectInput) { in.ContentMD5 = &wrong }))
	}
}

// settle notes what an operation that would leave id has become. Until a
// failure each key has exactly one possible body.
func (c *crashClient) settle(k *crashKey, id string, err error) bool {
	if err == nil {
		k.possible = []string{id}
		return true
	}
	if code := code(err); code != "" {
		c.w.t.Errorf("%s: %v", k.name, err)
	}
	k.possible = append(k.possible, id)
	return false
}

// refused checks that an operation failed as it had to; a request that the
// kill cut off may only have failed to be answered, not have been done.
func (c *crashClient) refused(k *crashKey, want string, err error) bool {
	got := code(err)
	if err == nil || got != "" && got != want {
		c.w.t.Errorf("%s: got %v, want %s", k.name, err, want)
	}
	return got == want
}

func (c *crashClient) put(key, id string, change ...func(*s3.PutObjectInput)) error {
	in := &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(crashBody(id))}
	for _, f := range change {
		f(in)
	}
	_, err := c.w.client.PutObject(context.Background(), in)
	return err
}

// multipart completes an upload of one or two parts. Its errors before
// Complete leave the key as it was, which is one of the possible outcomes.
func (c *crashClient) multipart(key, id string) error {
	ctx, bucket, body := context.Background(), aws.String("bucket"), crashBody(id)
	up, err := c.w.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		return err
	}
	cut := len(body)
	if cut > crashPart {
		cut = crashPart + c.rand.IntN(cut-crashPart)
	}
	var parts []types.CompletedPart
	for _, piece := range [][]byte{body[:cut], body[cut:]} {
		if len(piece) == 0 {
			continue
		}
		n := aws.Int32(int32(len(parts) + 1))
		p, err := c.w.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: up.UploadId, PartNumber: n, Body: bytes.NewReader(piece)})
		if err != nil {
			return err
		}
		parts = append(parts, types.CompletedPart{PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
	}
	_, err = c.w.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	return err
}
