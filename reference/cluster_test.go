package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/blob/memory"
)

// client drives one node of a cluster, and never sends anything twice.
func client(c *reference.Cluster, node int) *s3.Client {
	return s3.NewFromConfig(c.Node(node).AWS, func(o *s3.Options) {
		o.UsePathStyle = true
		o.Retryer = aws.NopRetryer{}
	})
}

// bytesOf are n bytes that follow from the seed.
func bytesOf(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func wantBody(t *testing.T, c *s3.Client, key string, want []byte) {
	t.Helper()
	got, err := get(c, key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("get %s: got %d bytes, want %d others", key, len(got), len(want))
	}
}

// sizes are those of bodies that lie in the log, and of some that are blobs.
var sizes = []int{0, 10, 16 << 10, 16<<10 + 1, 3 << 20}

func TestClusterServesFromAnyNode(t *testing.T) {
	t.Parallel()
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	for i, size := range sizes {
		key, body := fmt.Sprintf("key-%d", i), bytesOf(uint64(i), size)
		put(t, client(c, i%3), key, body)
		for node := range 3 {
			wantBody(t, client(c, node), key, body)
		}
	}
	out, err := client(c, 2).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
	if err != nil || len(out.Contents) != len(sizes) {
		t.Fatalf("list: %v, %v", out, err)
	}
	c.AwaitEqual()
}

// TestClusterOnAnyBackend: nodes take each other's blobs wherever they keep them.
func TestClusterOnAnyBackend(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	for name, change := range map[string]func(int, *reference.Config){
		"sqlite": func(_ int, c *reference.Config) { c.Backend = reference.SQLite },
		"given":  func(_ int, c *reference.Config) { c.Blobs = memory.New(0) },
	} {
		t.Run(name, func(t *testing.T) {
			c := reference.StartCluster(t, 3, change)
			createBucket(t, client(c, 0))
			put(t, client(c, 0), "key", bytesOf(1, 100<<10))
			wantBody(t, client(c, 1), "key", bytesOf(1, 100<<10))
		})
	}
}

func TestClusterGoesOnWithoutANode(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	bodies := map[string][]byte{}
	write := func(node int, round string) {
		for i, size := range sizes {
			key := fmt.Sprintf("%s-%d", round, i)
			bodies[key] = bytesOf(uint64(len(bodies)), size)
			put(t, client(c, node), key, bodies[key])
		}
	}
	write(0, "all")
	dead := c.Leader()
	c.Kill(dead)
	alive := (dead + 1) % 3
	c.Leader()
	write(alive, "two")
	c.Restart(dead)
	c.AwaitEqual()
	for key, body := range bodies {
		wantBody(t, client(c, dead), key, body)
	}
}

// TestMinorityRefuses: a node that is cut off answers soon that it cannot, and
// never from what it has.
func TestMinorityRefuses(t *testing.T) {
	t.Parallel()
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	put(t, client(c, 0), "key", []byte("old"))
	cut := c.Leader()
	alone := client(c, cut)
	rest := []int{(cut + 1) % 3, (cut + 2) % 3}
	c.Partition(rest, []int{cut})
	wantRefused := func(err error) {
		t.Helper()
		var answer *awshttp.ResponseError
		if !errors.As(err, &answer) || answer.HTTPStatusCode() != http.StatusServiceUnavailable {
			t.Fatalf("got %v, want a 503", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := alone.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
	wantRefused(err)
	_, err = alone.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
	wantRefused(err)
	c.Leader()
	put(t, client(c, rest[0]), "key", []byte("new"))
	c.Heal()
	c.AwaitEqual()
	wantBody(t, client(c, cut), "key", []byte("new"))
}

// TestLeaderThatHearsNobody: one that can be heard and hears nothing cannot keep
// the others from going on.
func TestLeaderThatHearsNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	old := c.Leader()
	for node := range 3 {
		if node != old {
			c.Cut(node, old)
		}
	}
	await(t, "another leads", func() bool { return c.Leader() != old })
	put(t, client(c, c.Leader()), "key", []byte("new"))
	c.Heal()
	c.AwaitEqual()
	wantBody(t, client(c, old), "key", []byte("new"))
}
