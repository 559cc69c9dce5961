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

// recorder keeps what it is given to send.
type recorder struct {
	raft.Transport
	sent []*raft.AppendEntriesRequest
}

func (r *recorder) AppendEntries(_ raft.ServerID, _ raft.ServerAddress, req *raft.AppendEntriesRequest, _ *raft.AppendEntriesResponse) error {
	r.sent = append(r.sent, req)
	return nil
}

// TestAMarkNamesWhatItCommits: a follower with another entry at that place must
// not take its own for committed; and who does not lead says nothing.
func TestAMarkNamesWhatItCommits(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	to := raft.Server{ID: "x", Address: "x"}
	for _, node := range []*Raft{f.follower(), f.leader()} {
		sends := &recorder{Transport: node.o.Transport}
		r := &Raft{o: node.o, raft: node.raft}
		r.o.Transport = sends
		term := node.raft.CurrentTerm()
		r.sendMark(to, mark{7, term + 1})
		r.sendMark(to, mark{7, term})
		if node.raft.State() != raft.Leader {
			if len(sends.sent) > 0 {
				t.Errorf("a follower sends %+v", sends.sent[0])
			}
			continue
		}
		if len(sends.sent) != 1 {
			t.Fatalf("%d were sent, want the one of the leader's term", len(sends.sent))
		}
		if q := sends.sent[0]; q.PrevLogEntry != 7 || q.PrevLogTerm != term || q.LeaderCommitIndex != 7 || q.Term != term || len(q.Entries) > 0 {
			t.Errorf("got %+v", q)
		}
	}
}
