package reference_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
)

// tryPut, tryDelete and tryGet return the code of a refusal, "" for none.
func tryPut(t *testing.T, c *s3.Client, key string, body string) string {
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: strings.NewReader(body)})
	return refusal(t, "put "+key, err)
}

func tryDelete(t *testing.T, c *s3.Client, key string) string {
	_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &key})
	return refusal(t, "delete "+key, err)
}

func tryGet(t *testing.T, c *s3.Client, key string) string {
	_, err := get(c, key)
	return refusal(t, "get "+key, err)
}

func refusal(t *testing.T, what string, err error) string {
	t.Helper()
	if err != nil && code(err) == "" {
		t.Errorf("%s: %v", what, err)
	}
	return code(err)
}

// A node whose disk is full refuses new objects and nothing else, the others go
// on; where all are full, objects can be read and deleted; and nothing is lost.
func TestFullDisksInACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	const nodes = 3
	dirs := make([]string, nodes)
	c := reference.StartCluster(t, nodes, func(i int, conf *reference.Config) {
		dirs[i] = smallVolume(t, 96<<20)
		conf.Dir, conf.Reserve, conf.Limits.Reserve = dirs[i], 0, 12<<20
	})
	createBucket(t, client(c, 0))
	bodies := map[string]string{}
	write := func(node int, key string, size int) {
		t.Helper()
		bodies[key] = string(bytesOf(uint64(size), size))
		eventually(t, "put "+key, func() bool { return tryPut(t, client(c, node), key, bodies[key]) == "" })
	}
	for i := range 9 {
		write(i%nodes, fmt.Sprintf("key-%d", i), 100+i*5000)
	}
	held := func(node int) bool { return held(t, dirs[node]) }
	// full takes all room but that of the reserve, which is given up for it.
	var free []func()
	full := func(node int) {
		t.Helper()
		eventually(t, "there is a reserve", func() bool { return held(node) })
		free = append(free, fillDisk(t, filepath.Join(dirs[node], "fill")))
		eventually(t, "the reserve is given up", func() bool { return !held(node) })
		eventually(t, "new objects are refused", func() bool {
			return tryPut(t, client(c, node), "new", "body") == "ServiceUnavailable"
		})
	}
	remove := func(node int, key string) {
		t.Helper()
		if code := tryDelete(t, client(c, node), key); code != "" {
			t.Errorf("delete at the full node %d: %s", node, code)
		}
		delete(bodies, key)
	}
	full(1)
	remove(1, "key-0")
	write(0, "meanwhile", 40000)
	write(2, "meanwhile too", 100)
	full(0)
	full(2)
	for node := range nodes {
		remove(node, fmt.Sprintf("key-%d", node+1))
		for _, key := range slices.Sorted(maps.Keys(bodies)) {
			wantBody(t, client(c, node), key, []byte(bodies[key]))
		}
	}
	for _, f := range free {
		f()
	}
	for node := range nodes {
		write(node, fmt.Sprintf("again-%d", node), 40000)
		eventually(t, "there is a reserve again", func() bool { return held(node) })
	}
	for node := range nodes {
		for _, key := range slices.Sorted(maps.Keys(bodies)) {
			wantBody(t, client(c, node), key, []byte(bodies[key]))
		}
	}
	c.AwaitEqual()
}

// A term and a vote are writes, too, and raft panics where they cannot be
// stored: an election while every disk is full takes the reserves.
func TestElectionOnFullDisks(t *testing.T) {
	const nodes = 3
	dirs := make([]string, nodes)
	clock := unwatched()
	c := reference.StartCluster(t, nodes, func(i int, conf *reference.Config) {
		dirs[i] = smallVolume(t, 96<<20)
		conf.Dir, conf.Reserve, conf.Limits.Reserve, conf.Clock = dirs[i], 0, 12<<20, clock
	})
	createBucket(t, client(c, 0))
	for i := range nodes + 1 {
		key := fmt.Sprint("key-", i)
		eventually(t, "put "+key, func() bool { return tryPut(t, client(c, 0), key, "body") == "" })
	}
	old := c.Leader()
	for _, dir := range dirs {
		eventually(t, "there is a reserve", func() bool { return held(t, dir) })
		defer fillDisk(t, filepath.Join(dir, "fill"))()
	}
	var others []int
	for i := range nodes {
		if i != old {
			others = append(others, i)
		}
	}
	c.Partition([]int{old}, others)
	for _, i := range others {
		eventually(t, "the others have elected one of them", func() bool { return tryDelete(t, client(c, i), fmt.Sprint("key-", i)) == "" })
	}
	c.Heal()
	eventually(t, "the old leader follows", func() bool { return tryDelete(t, client(c, old), fmt.Sprint("key-", old)) == "" })
	for i, dir := range dirs {
		if held(t, dir) {
			t.Errorf("node %d holds its reserve", i)
		}
		for key := range nodes {
			if code := tryGet(t, client(c, i), fmt.Sprint("key-", key)); code != "NoSuchKey" {
				t.Errorf("a deleted key at node %d: %q", i, code)
			}
		}
		wantBody(t, client(c, i), fmt.Sprint("key-", nodes), []byte("body"))
	}
	c.AwaitEqual()
}
