package cluster

import (
	"sync"

	"github.com/hashicorp/raft"
)

// A pipeline is one of raft's transport, which ends with the first answer that is
// no success. raft reads none behind that, and where it is about to send once more
// it would wait in there for an answer to be read: nothing more would come to the
// follower, though heartbeats do, and raft would not shut down.
// https://github.com/hashicorp/raft/issues/612
type pipeline struct {
	raft.AppendPipeline
	id      raft.ServerID
	hands   *hands
	answers chan raft.AppendFuture
	over    chan struct{}
	once    sync.Once
}

// newPipeline takes p over. Close ends it.
func newPipeline(p raft.AppendPipeline, id raft.ServerID, h *hands) *pipeline {
	q := &pipeline{AppendPipeline: p, id: id, hands: h, answers: make(chan raft.AppendFuture), over: make(chan struct{})}
	go q.carry()
	return q
}

// carry hands answers on, to the first that is no success or to the end.
func (p *pipeline) carry() {
	for {
		select {
		case f := <-p.AppendPipeline.Consumer():
			good := f.Error() == nil && f.Response().Success
			if good {
				p.hands.holds(f.Request(), p.id)
			}
			select {
			case p.answers <- f:
			case <-p.over:
				return
			}
			if !good {
				_ = p.Close() // who uses it finds it closed
				return
			}
		case <-p.over:
			return
		}
	}
}

func (p *pipeline) AppendEntries(req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	p.hands.looked(req.Term, p.id)
	return p.AppendPipeline.AppendEntries(req, resp)
}

func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.answers }

func (p *pipeline) Close() (err error) {
	p.once.Do(func() {
		close(p.over)
		err = p.AppendPipeline.Close()
	})
	return err
}
