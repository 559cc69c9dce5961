package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/fault/disk"
	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/cluster"
	"bleepstore/reference/crypt"
)

// cloudStores are stores that three nodes are given together.
func cloudStores(t *testing.T, f func(t *testing.T, s blob.Store)) {
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, memory.New(1<<30)) })
	})
	t.Run("local", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, err := disk.New(1)
			if err != nil {
				t.Fatal(err)
			}
			s, err := local.Open("/blobs", d.FS())
			if err != nil {
				t.Fatal(err)
			}
			f(t, s)
			if err := errors.Join(s.Close(), d.Close()); err != nil {
				t.Error(err)
			}
		})
	})
}

// newCloudBubble is a bubble whose nodes keep bodies in one store.
func newCloudBubble(t *testing.T, n int, cloud *cloudOf) *bubble {
	return newBubble(t, n, func(i int, c *reference.Config) {
		c.Backend, c.OpenBlobs = reference.AWS, cloud.by(fmt.Sprintf("n%d", i+1))
		c.Limits.Read, c.Limits.Write, c.Limits.Grace = 20*time.Second, 30*time.Second, time.Minute
	})
}

// What one node of a cluster puts into the cloud's store is there once, and every
// node reads it: they have the same keys.
func TestCloudOfACluster(t *testing.T) {
	t.Parallel()
	cloudStores(t, func(t *testing.T, s blob.Store) {
		cloud := newCloud(s)
		b := newCloudBubble(t, 3, cloud)
		b.start()
		defer b.close()
		b.makeBucket()
		for i := range b.nodes {
			key, body := fmt.Sprint("key", i), bytes.Repeat([]byte{byte(i)}, 200<<10)
			if err := b.put(i, key, body); err != nil {
				t.Fatal(err)
			}
			for j := range b.nodes {
				if got, err := b.get(j, key); err != nil || !bytes.Equal(got, body) {
					t.Errorf("put at node %d, got at node %d: %d bytes, %v", i, j, len(got), err)
				}
			}
		}
		if ids := cloud.holds(t); len(ids) != 3 || !ids[0].Sealed() {
			t.Errorf("the cloud holds %q", ids)
		}
		for i, n := range b.nodes {
			for _, s := range n.Cluster().Survey(t.Context()) {
				if !s.Blobs.Shared || !s.Blobs.Complete || s.Cluster != cloud.owners[i] {
					t.Errorf("node %d says of %s: %+v; opened as %s", i, s.ID, s, cloud.owners[i])
				}
			}
			if err := n.Backup(t.Context(), io.Discard); err != nil {
				t.Errorf("backup of node %d: %v", i, err)
			}
		}
		// No copy goes with a node.
		if err := b.nodes[0].Cluster().Remove(t.Context(), "n3", false); err != nil {
			t.Error(err)
		}
	})
}

// Only the node that leads removes anything from the store: what is garbage behind
// the grace, and orphans of closed epochs; and nothing that is named.
func TestOnlyTheLeaderSweepsTheCloud(t *testing.T) {
	t.Parallel()
	cloudStores(t, func(t *testing.T, s blob.Store) {
		cloud := newCloud(s)
		b := newCloudBubble(t, 3, cloud)
		b.start()
		defer b.close()
		b.makeBucket()
		body := bytes.Repeat([]byte("body"), 50<<10)
		for i := range b.nodes {
			for _, key := range []string{"kept", "gone"} {
				if err := b.put(i, fmt.Sprint(key, i), body); err != nil {
					t.Fatal(err)
				}
			}
		}
		kept := cloud.holds(t)
		for i := range b.nodes {
			gone := fmt.Sprint("gone", i)
			if _, err := b.clients[i].DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &gone}); err != nil {
				t.Fatal(err)
			}
		}
		stats, err := b.nodes[0].Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		orphan, err := blob.NewID(stats.Epoch, strings.NewReader("an orphan, random"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Create(t.Context(), orphan, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(10 * time.Minute); len(cloud.holds(t)) > 3 && time.Now().Before(end); { // of virtual time
			time.Sleep(time.Second)
		}
		time.Sleep(3 * time.Minute) // whoever else would sweep has had the time
		for i := range b.nodes {
			if got, err := b.get(i, fmt.Sprint("kept", (i+1)%3)); err != nil || !bytes.Equal(got, body) {
				t.Errorf("node %d: %d bytes, %v", i, len(got), err)
			}
		}
		for _, id := range cloud.holds(t) {
			if !slices.Contains(kept, id) {
				t.Errorf("%s is left", id)
			}
		}
		leader := b.nodes[0].Cluster().Survey(t.Context())[0].Leader
		for name, ids := range cloud.deleted {
			if name != leader {
				t.Errorf("%s leads, and %s has deleted %q", leader, name, ids)
			}
		}
	})
}

// A server that stands alone and founds a cluster brings its bodies along: they go
// on to belong to it.
func TestCloudOfAPromotedServer(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(memory.New(1<<30)), t.TempDir()
	body := bytes.Repeat([]byte("body"), 50_000)
	config := func(c *reference.Config) {
		c.Backend, c.Dir, c.OpenBlobs, c.MasterKeys = reference.Azure, dir, cloud.Open, []crypt.Key{{1}}
	}
	in := reference.Start(t, config)
	createBucket(t, s3.NewFromConfig(in.AWS))
	put(t, s3.NewFromConfig(in.AWS), "large", body)
	if err := in.Server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it founds the cluster, and comes back as its node
		in := reference.Start(t, config, func(c *reference.Config) {
			c.Cluster = &reference.ClusterConfig{Node: "n1", Addr: "127.0.0.1:0", Secret: []byte(reference.ClusterSecret)}
		})
		wantBody(t, s3.NewFromConfig(in.AWS), "large", body)
		if err := in.Server.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := slices.Compact(slices.Clone(cloud.owners)); len(got) != 1 || len(cloud.owners) != 3 {
		t.Errorf("opened for %q", cloud.owners)
	}
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: dir, OpenBlobs: cloud.Open}, io.Discard); err != nil {
		t.Errorf("backup of the node: %v", err)
	}
}

// A node whose bodies would not be where those of the others are is not let in, or
// does not begin to serve.
func TestNodeOfAnotherCloud(t *testing.T) {
	t.Parallel()
	cloud := newCloud(memory.New(1 << 20))
	of := func(backend string, open func(context.Context, string) (blob.Store, error)) func(*reference.Config) {
		return func(c *reference.Config) { c.Backend, c.OpenBlobs = backend, open }
	}
	here, apart := of(reference.AWS, cloud.Open), of(reference.Local, nil)
	for name, tt := range map[string]struct {
		first, second func(*reference.Config)
		want          error
	}{
		"on the nodes and in a cloud": {apart, here, cluster.ErrBodies},
		"in a cloud and on the nodes": {here, apart, cluster.ErrBodies},
		"in two clouds":               {here, of(reference.GCP, cloud.Open), cluster.ErrBodies},
		"in two buckets":              {here, of(reference.AWS, newCloud(memory.New(1<<20)).Open), blob.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := reference.PrepareCluster(t, 2, func(i int, c *reference.Config) { []func(*reference.Config){tt.first, tt.second}[i](c) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.Open(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if err := c.Open(ctx, 1); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
