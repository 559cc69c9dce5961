package reference_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/admin"
)

// blobFiles are the files of blobs of a node, by name.
func blobFiles(t *testing.T, c *reference.Cluster, node int) map[string]string {
	t.Helper()
	all := map[string]string{}
	dir := filepath.Join(c.Dir(node), "blobs")
	for _, name := range files(t, dir) {
		all[filepath.Base(name)] = filepath.Join(dir, name)
	}
	return all
}

// The node that has the last copy of a blob is not removed, until another has one.
func TestLastCopy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	body := bytesOf(1, 300<<10)
	put(t, client(c, 0), "key", body)
	lead := c.Leader()
	holder, other := (lead+1)%3, (lead+2)%3
	for node := range 3 {
		await(t, "every node has its copy", func() bool { return len(blobFiles(t, c, node)) == 1 })
		for _, path := range blobFiles(t, c, node) {
			if node != holder && os.Remove(path) != nil {
				t.Fatal(path)
			}
		}
	}
	if err := c.Remove(holder); !errors.Is(err, admin.ErrLastCopy) {
		t.Fatalf("remove who has the last copy: %v", err)
	}
	for node := range 3 {
		wantBody(t, client(c, node), "key", body)
	}
	c.Kill(other)
	c.Restart(other) // and looks at once for what it lacks
	await(t, "there is another copy, and it is removed", func() bool {
		err := c.Remove(holder)
		if err != nil && !errors.Is(err, admin.ErrLastCopy) {
			t.Fatal(err)
		}
		return err == nil
	})
	c.Kill(holder)
	c.AwaitVoters(2)
	wantBody(t, client(c, lead), "key", body)
}

// A removed node answers nothing from what it has: neither when it was told, nor
// when it comes back and believes that it is a member.
func TestRemovedNodeServesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for _, when := range []string{"while it runs", "while it is away"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			c := reference.StartCluster(t, 3)
			createBucket(t, client(c, 0))
			put(t, client(c, 0), "key", []byte("old"))
			c.AwaitEqual()
			out := (c.Leader() + 1) % 3
			if when == "while it is away" {
				c.Kill(out)
			}
			if err := c.Remove(out); err != nil {
				t.Fatal(err)
			}
			put(t, client(c, c.Leader()), "key", []byte("new"))
			if when == "while it is away" {
				c.Restart(out)
			}
			wantNothing(t, client(c, out))
			if c.Node(out).Server.Ready() {
				t.Error("it is ready")
			}
			for node := range 3 {
				if node != out {
					wantBody(t, client(c, node), "key", []byte("new"))
				}
			}
		})
	}
}

// wantNothing demands a 503, in time, of every kind of request.
func wantNothing(t *testing.T, c *s3.Client) {
	t.Helper()
	bucket, key := aws.String("bucket"), aws.String("key")
	write := func(size int) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(strings.Repeat("x", size))})
			return err
		}
	}
	var asks sync.WaitGroup
	for name, ask := range map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
			return err
		},
		"delete": func(ctx context.Context) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
			return err
		},
		"put a small body": write(1), "put a large body": write(100 << 10),
	} {
		asks.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var answer *awshttp.ResponseError
			if err := ask(ctx); !errors.As(err, &answer) || answer.HTTPStatusCode() != http.StatusServiceUnavailable {
				t.Errorf("%s: got %v, want a 503", name, err)
			}
		})
	}
	asks.Wait()
}
