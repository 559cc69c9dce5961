package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"bleepstore/reference/admin"
	"bleepstore/reference/backup"
	"bleepstore/reference/cluster"
	"bleepstore/reference/ops"
)

// freeAddr is an address of the loopback interface at which nobody listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// awaits waits for a file and puts its first line into a variable.
func awaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaits FILE VARIABLE")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil {
			line, _, _ := strings.Cut(string(text), "\n")
			ts.Setenv(args[1], line)
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("there is no %s", args[0])
		}
	}
}

// object is what puts and gets have under a key.
func object(key string, size int) []byte { return bytes.Repeat([]byte(key), size)[:size] }

func client(url string) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &url, Region: "us-east-1", UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
}

// puts writes an object into the bucket that it makes.
func puts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: puts URL KEY SIZE")
	}
	size, err := strconv.Atoi(args[2])
	ts.Check(err)
	c := client(args[0])
	_, err = c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("bucket")})
	ts.Check(err)
	_, err = c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &args[1], Body: bytes.NewReader(object(args[1], size))})
	ts.Check(err)
}

// gets demands that what puts wrote is there.
func gets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: gets URL KEY SIZE")
	}
	size, err := strconv.Atoi(args[2])
	ts.Check(err)
	out, err := client(args[0]).GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &args[1]})
	ts.Check(err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	ts.Check(err)
	if !bytes.Equal(body, object(args[1], size)) {
		ts.Fatalf("%s: %d bytes, and not those that were put", args[1], len(body))
	}
}

// What a signal breaks off leaves nothing, neither under the name nor beside it.
func TestSaveIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b.tar")
	ctx, cancel := context.WithCancel(t.Context())
	write := func(text string, err error) func(context.Context, io.Writer) (backup.Manifest, error) {
		return func(_ context.Context, w io.Writer) (m backup.Manifest, _ error) {
			_, werr := io.WriteString(w, text)
			return m, errors.Join(err, werr)
		}
	}
	if _, err := save(ctx, path, write("old", nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := save(ctx, path, write("half", errors.New("no"))); err == nil {
		t.Error("a failure: no error")
	}
	cancel()
	if _, err := save(ctx, path, write("late", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("after a signal: got %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("files: %v, %v", files, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

// A signal ends a backup that hangs on its server, and leaves nothing.
func TestBackupIsInterrupted(t *testing.T) {
	reached := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("begin"))
		_ = http.NewResponseController(w).Flush()
		close(reached)
		<-r.Context().Done()
	}))
	defer srv.Close()
	dir := t.TempDir()
	cmd, _, stderr := child(t, "backup", "--admin", srv.URL, "--token", "t", "--to", filepath.Join(dir, "b.tar"))
	<-reached
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != 130 {
		t.Errorf("exit code %d, want 130:\n%s", code, text)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("it leaves %v, %v", files, err)
	}
}

// member is a cluster of which only this node's state is asked.
type member struct {
	admin.Cluster
	cluster.NodeStatus
}

func (m member) Raft() admin.Raft           { return m }
func (m member) Status() cluster.NodeStatus { return m.NodeStatus }
func (member) Stats() map[string]string     { return nil }

func (member) Snapshot(context.Context) error               { return nil }
func (member) Hash(context.Context) (string, uint64, error) { return "", 0, nil }

func TestGaugesOfANode(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(ops.Gauges(nodeGauges, nodeFigures(member{NodeStatus: cluster.NodeStatus{
		Term: 3, Role: "leader", Voter: true, Commit: 41, Applied: 40, LastLog: 42, LastSnapshot: 20, LastContactMS: 1500,
		Blobs: cluster.BlobStatus{Held: 7, Missing: 2, Lost: 1},
	}})))
	want := map[string]float64{
		"bleepstore_raft_term": 3, "bleepstore_raft_leader": 1, "bleepstore_raft_voter": 1, "bleepstore_raft_commit_index": 41,
		"bleepstore_raft_applied_index": 40, "bleepstore_raft_last_index": 42, "bleepstore_raft_snapshot_index": 20,
		"bleepstore_raft_contact_seconds": 1.5, "bleepstore_node_blobs_held": 7, "bleepstore_node_blobs_missing": 2, "bleepstore_node_blobs_lost": 1,
	}
	families, err := reg.Gather()
	if err != nil || len(families) != len(want) {
		t.Fatalf("%d gauges, %v; want %d", len(families), err, len(want))
	}
	for _, f := range families {
		if got := f.GetMetric()[0].GetGauge().GetValue(); got != want[f.GetName()] {
			t.Errorf("%s is %v, want %v", f.GetName(), got, want[f.GetName()])
		}
	}
	if v, err := nodeFigures(member{NodeStatus: cluster.NodeStatus{Role: "follower", LastContactMS: -1}})(t.Context()); err != nil || v[1] != 0 || v[7] != -1 {
		t.Errorf("of a follower: %v, %v", v, err)
	}
}
