package replica

import (
	"context"
	"sync"

	"bleepstore/reference/batch"
	"bleepstore/reference/blob"
	"bleepstore/reference/lock"
)

// Delete removes the copy of this node and, as well as it can, those of all
// other members: what remains there is garbage to their own sweepers. It ends
// what still goes on behind the Create of id first. While deletions are paused
// it does nothing.
func (s *Store) Delete(ctx context.Context, id blob.ID) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := id.Check(); err != nil {
		return err
	}
	if s.pauses.held() {
		return nil
	}
	s.forget(ctx, id)
	err := s.Local().Delete(ctx, id)
	var wg sync.WaitGroup
	for _, node := range s.others(id) {
		if s.health.suspect(node) {
			continue // not to be waited for
		}
		wg.Go(func() {
			err := s.erasers.of(s, node).Do(ctx, id)
			s.heard(node, err)
			if err != nil {
				s.opt.Logger.Warn("a peer was not told of a deletion", "node", node, "blob", id, "err", err)
			}
		})
	}
	wg.Wait()
	return err
}

// forget ends all work on id, and does not begin what is due.
func (s *Store) forget(ctx context.Context, id blob.ID) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Stall)
	defer cancel()
	s.outbox.forget(id)
	s.urgent.forget(id)
	s.running.stop(ctx, id)
}

// erasers group the deletions that go to one node at once.
type erasers struct {
	mu  sync.Mutex
	all map[string]*batch.Batch[blob.ID]
}

func (e *erasers) of(s *Store, node string) *batch.Batch[blob.ID] {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[string]*batch.Batch[blob.ID]{}
	}
	if e.all[node] == nil {
		e.all[node] = batch.New(MaxBatch, 0, func(ids []blob.ID) error {
			ctx, cancel := context.WithTimeout(s.ctx, s.opt.Stall)
			defer cancel()
			return s.opt.Peers.Delete(ctx, node, ids)
		})
	}
	return e.all[node]
}

// pauses counts who needs that no local copy is deleted.
type pauses struct {
	mu lock.Lock // shared by who deletes
	n  int
}

func (p *pauses) held() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.n > 0
}

// PauseDeletes returns when no copy of this node is being deleted, and none
// will be until resume is called: deletions do nothing and report success. The
// sweeper finds what they left. A Delete called here spares the copies of other
// nodes too; one called elsewhere does not.
func (s *Store) PauseDeletes() (resume func()) {
	s.pauses.add(1)
	var once sync.Once
	return func() { once.Do(func() { s.pauses.add(-1) }) }
}

func (p *pauses) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n += n
}

// Local returns the store of this node's copies, for its sweeper. Its
// deletions pause with those of the Store, which owns it: Close does nothing.
func (s *Store) Local() blob.Store { return &pausing{Store: s.opt.Local, s: s} }

type pausing struct {
	blob.Store
	s *Store
}

func (p *pausing) Delete(ctx context.Context, id blob.ID) error {
	p.s.pauses.mu.RLock()
	defer p.s.pauses.mu.RUnlock()
	if p.s.pauses.n > 0 {
		return nil
	}
	return p.Store.Delete(ctx, id)
}

func (p *pausing) Close() error { return nil }
