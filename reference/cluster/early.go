package cluster

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/reference/meta"
)

var (
	ackBeforeCommit = fault.NewBug("ack.before-commit",
		"the leader acknowledges a plain put into a bucket without versions once the entry is in its own log", "Z-01", "Z-16").
		By("chaos --sim raft --script early-ack --seed 1 --seeds 100 --shrink 0s")
	ackBeforeAppend = fault.NewBug("ack.before-append",
		"the leader acknowledges a plain put into a bucket without versions before the entry is in any log", "Z-01", "Z-16").
		By("chaos --sim raft --script early-ack --seed 1 --seeds 100 --shrink 0s")
	etcdAlone = fault.NewBug("history.etcd-14370.ack-before-fsync",
		"where a cluster has one member, a plain put is acknowledged before its entry is on the disk", "Z-16").
		By("chaos --sim raft --nodes 1 --seed 1 --seeds 12 --nemesis disk.power-cut,disk.slow --shrink 0s")
)

// early says whether the outcome of a proposal may be known before it is applied.
func early() bool { return ackBeforeCommit.On() || ackBeforeAppend.On() || etcdAlone.On() }

// unwritten says whether writes are acknowledged that are in no log yet.
func (r *Raft) unwritten() bool {
	return ackBeforeAppend.On() || etcdAlone.On() && len(r.voters("")) == 1
}

// ackAppended is the bug ack.before-commit: the leader answers a write once the
// entry is in its own log, whether or not anybody else will ever have it.
func (r *Raft) ackAppended(logs []*raft.Log) {
	if ackBeforeCommit.On() {
		r.ack(logs)
	}
}

// ack answers the writes of which it foresees the answer.
func (r *Raft) ack(logs []*raft.Log) {
	if !r.nudges.open.Load() || r.raft.State() != raft.Leader {
		return
	}
	for _, l := range logs {
		if l.Type != raft.LogCommand {
			continue
		}
		commands, err := unpack(l.Data)
		if err != nil {
			return // the state machine will say so
		}
		for _, c := range commands {
			if result, ok := r.foresee(l.Index, c); ok {
				r.outcomes.foreseen(c.ID, result)
			}
		}
	}
}

// foresee is the result of a plain put into a bucket without versions.
func (r *Raft) foresee(index uint64, c meta.Command) (meta.Result, bool) {
	put, ok := c.Op.(meta.PutObject)
	if !ok || put.Condition != (meta.WriteCondition{}) || put.Spec != nil || put.OwnOnly {
		return meta.Result{}, false
	}
	b, err := r.db.Bucket(context.Background(), put.Bucket)
	if err != nil || b.Versioning != "" {
		return meta.Result{}, false
	}
	return meta.Result{Index: index, Bucket: b, Version: meta.Version{
		Bucket: put.Bucket, Key: put.Key, ID: meta.NullVersion, Latest: true, Modified: time.UnixMilli(c.Stamp).UTC(),
		Size: put.Size, ETag: put.ETag, Owner: put.Owner, Attributes: put.Attributes, Checksum: put.Checksum,
	}}, true
}

// foreseen ends a proposal before its command is applied.
func (o *outcomes) foreseen(id string, r meta.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.calls[id]; c != nil {
		c.result = r
		close(c.done)
		delete(o.calls, id)
	}
}
