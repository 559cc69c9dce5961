package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// TestFollowersAreToldAtOnce: with raft's own word of a commit an hour off, what
// is written and read through a follower is done when the leader has done it.
func TestFollowersAreToldAtOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, _ *RaftOptions, c *raft.Config) { c.CommitTimeout = time.Hour }, "a", "b", "c")
	f.bucket()
	for i := range 20 {
		f.do(f.follower(), put("k", fmt.Sprint(i), meta.WriteCondition{}))
		f.want("k", fmt.Sprint(i))
	}
	f.equal()
}
