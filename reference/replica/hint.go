package replica

import (
	"context"
	"sync"
	"time"

	"bleepstore/reference/blob"
)

const (
	// maxHints bounds what is remembered for one peer, and what is to be fetched
	// here before others. What is forgotten, a full pass finds.
	maxHints = 10_000
	// retryEvery is how often hints that were not delivered are looked at; a
	// peer that failed is left alone for the time of its suspicion.
	retryEvery = time.Second
)

// outbox holds what peers are to be told to fetch. All methods may be called
// together.
type outbox struct {
	changed chan struct{} // capacity 1
	mu      sync.Mutex
	ids     map[string]map[blob.ID]bool // by node
}

func (o *outbox) add(node string, id blob.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil {
		o.ids = map[string]map[blob.ID]bool{}
	}
	if o.ids[node] == nil {
		o.ids[node] = map[blob.ID]bool{}
	}
	if len(o.ids[node]) < maxHints {
		o.ids[node][id] = true
	}
	signal(o.changed)
}

func (o *outbox) forget(id blob.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ids := range o.ids {
		delete(ids, id)
	}
}

// due returns a batch of ids for each node that has some.
func (o *outbox) due() map[string][]blob.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	due := map[string][]blob.ID{}
	for node, ids := range o.ids {
		for id := range ids {
			if len(due[node]) == MaxBatch {
				break
			}
			due[node] = append(due[node], id)
		}
	}
	return due
}

func (o *outbox) sent(node string, ids []blob.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		delete(o.ids[node], id)
	}
	if len(o.ids[node]) == 0 {
		delete(o.ids, node)
	}
}

// sendHints delivers the outbox until ctx ends.
func (s *Store) sendHints(ctx context.Context) {
	for {
		due := s.outbox.due()
		var wg sync.WaitGroup
		for node, ids := range due {
			if !s.health.suspect(node) {
				wg.Go(func() { s.sendHint(ctx, node, ids) })
			}
		}
		wg.Wait()
		var retry <-chan time.Time
		if len(due) > 0 {
			retry = time.After(retryEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.outbox.changed:
		case <-retry:
		}
	}
}

func (s *Store) sendHint(ctx context.Context, node string, ids []blob.ID) {
	if !s.knows(node) { // it has left
		s.outbox.sent(node, ids)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Stall)
	defer cancel()
	err := s.opt.Peers.Hint(ctx, node, ids)
	s.heard(node, err)
	if err == nil {
		s.outbox.sent(node, ids)
		return
	}
	s.opt.Logger.Warn("a peer could not be told what it lacks", "node", node, "blobs", len(ids), "err", err)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
