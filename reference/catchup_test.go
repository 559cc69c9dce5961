package reference_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
)

// wantImage demands that a node has got its state as an image of another's.
func wantImage(t *testing.T, c *reference.Cluster, node int) {
	t.Helper()
	if images, err := filepath.Glob(filepath.Join(c.Dir(node), "snapshots", "*-image.db")); err != nil || len(images) == 0 {
		t.Errorf("node %d has the images %v, %v", node, images, err)
	}
}

// outrun cuts a node off and returns when the log of the others, which go on
// writing, no longer reaches back to what it has.
func outrun(t *testing.T, c *reference.Cluster, f *flow, node int) {
	t.Helper()
	others := []int{(node + 1) % 3, (node + 2) % 3}
	f.leave(node)
	c.Partition(others, []int{node})
	c.Reset(node)              // or it would get, later, what is on its way
	for _, n := range others { // either may lead
		await(t, "the log is cut", func() bool {
			last := c.Node(node).Server.Cluster().Raft().Status().LastLog // it may still read
			first, err := strconv.ParseUint(c.Node(n).Server.Cluster().Raft().Stats()["first_log_index"], 10, 64)
			return err == nil && first > last+20
		})
	}
}

// A follower that was cut off until what it lacks is no longer in the log gets an
// image, under load, and is then like the others.
func TestFollowerPastTheCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, func(node int, conf *reference.Config) {
		if smallLog(node, conf); node == 2 {
			keepImage(conf)
		}
	})
	f := startTraffic(t, c, 0, 1, 2)
	f.await(50)
	outrun(t, c, f, 2)
	c.Heal()
	f.await(50)
	await(t, "it serves again", c.Node(2).Server.Ready)
	f.use(c, 2)
	f.await(50)
	f.end()
	c.AwaitEqual()
	wantImage(t, c, 2)
	f.verify(c, 2)
}

// A node that is killed while it is sent an image, and a leader that is killed
// while it sends one, leave nothing that a later start would take for whole.
func TestKilledInTheMiddleOfAnImage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, func(node int, conf *reference.Config) {
		if smallLog(node, conf); node == 2 {
			keepImage(conf)
		}
	})
	f := startTraffic(t, c, 0, 1, 2)
	for i := range 150 { // for the image to be large; on a busy machine nobody may lead for a while
		key, in := fmt.Sprint("large-", i), bytesOf(uint64(i), 16<<10)
		await(t, key+" is stored", func() bool {
			_, err := client(c, 0).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(in)})
			if err != nil && code(err) != "SlowDown" {
				t.Fatalf("put %s: %v", key, err)
			}
			return err == nil
		})
	}
	for _, who := range []string{"who restores", "who sends"} {
		outrun(t, c, f, 2)
		f.end()
		c.Heal()
		c.Slow(2, 30*time.Millisecond)
		await(t, "an image is on its way", func() bool {
			_, err := os.Stat(filepath.Join(c.Dir(2), "snapshots", "received.part"))
			return err == nil
		})
		killed := 2
		if who == "who sends" {
			killed = c.Leader()
		}
		f.leave(killed)
		c.Kill(killed)
		c.Heal()
		c.Restart(killed)
		c.AwaitEqual()
		wantImage(t, c, 2)
		f.verify(c, 2)
		f.use(c, 0, 1, 2)
		f.resume()
		f.await(20)
	}
	f.end()
	c.AwaitEqual()
}
