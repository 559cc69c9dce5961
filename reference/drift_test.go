package reference

import (
	"math"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A node that drifts has all of raft's times longer, by as much.
func TestDrift(t *testing.T) {
	tuned := func(drift float64) *raft.Config {
		c, err := ClusterConfig{Secret: []byte(clusterSecret), Drift: drift}.withDefaults("/data/meta.db")
		if err != nil {
			t.Fatal(err)
		}
		r := raft.DefaultConfig()
		c.tune(r)
		return r
	}
	right, late := tuned(0), tuned(3)
	for name, d := range map[string][2]time.Duration{
		"heartbeat": {right.HeartbeatTimeout, late.HeartbeatTimeout}, "election": {right.ElectionTimeout, late.ElectionTimeout},
		"lease": {right.LeaderLeaseTimeout, late.LeaderLeaseTimeout}, "commit": {right.CommitTimeout, late.CommitTimeout},
		"snapshot": {right.SnapshotInterval, late.SnapshotInterval},
	} {
		if d[0] <= 0 || d[1] != 3*d[0] {
			t.Errorf("%s: %s, drifting %s, want 3 times as long", name, d[0], d[1])
		}
	}
	for _, wrong := range []float64{-1, math.NaN(), math.Inf(1), 1e9} {
		if _, err := (ClusterConfig{Secret: []byte(clusterSecret), Drift: wrong}).withDefaults("/data/meta.db"); err == nil {
			t.Errorf("a drift of %v was taken", wrong)
		}
	}
}
