package reference_test

import (
	"testing"

	"bleepstore/reference"
)

// A node dies and is replaced by an empty one of another id while clients write:
// the new one catches up by an image, and fetches the blobs. Then another of the
// first three dies, and every object is still there, by whichever node is left.
func TestReplaceANode(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, smallLog)
	f := startTraffic(t, c, 0, 1, 2)
	f.await(100)
	dead := c.Leader()
	f.leave(dead)
	c.Kill(dead)
	f.await(50)
	if err := c.Remove(dead); err != nil {
		t.Fatal(err)
	}
	fresh := c.Add("n4", keepImage)
	c.AwaitVoters(3)
	wantImage(t, c, fresh)
	f.use(c, fresh)
	f.await(50)
	second, last := (dead+1)%3, (dead+2)%3
	f.leave(second)
	c.Kill(second)
	f.await(50)
	f.end()
	f.verify(c, fresh, last)
	c.AwaitEqual()
}
