package replica

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"bleepstore/reference/blob"
)

const (
	// lookEvery is how often the members are compared with those of before.
	lookEvery = time.Second
	// passShare bounds the share of its time that a node spends on passes: one
	// in so many parts.
	passShare = 20
	// failedEvery is the time between two passes, where Options.Every is longer,
	// while they leave something open.
	failedEvery = 5 * time.Second
	// maxFailures is how many blobs in a row a pass fails to fetch before it
	// leaves the rest to the next one: nobody seems to be there.
	maxFailures = 30
)

// Run keeps this node's share of the copies whole until ctx ends: it fetches
// what it is told to, and walks over all names at once, when the members change,
// after Kick, soon after a walk that left something open, and every so often. It
// also tells peers what they miss. It runs once.
func (s *Store) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.sendHints(ctx) })
	for range urgentWorkers {
		wg.Go(func() { s.fetchUrgent(ctx) })
	}
	if s.opt.Named == nil {
		<-ctx.Done()
		return
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var of []Member // of the last pass
	var next time.Time
	for {
		members := s.sorted()
		changed := !slices.Equal(members, of)
		if changed {
			s.status.reset()
		}
		if changed || !time.Now().Before(next) {
			next, of = s.pass(ctx, members), members
		}
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
			next = time.Time{}
		case <-look.C:
		}
	}
}

// Kick asks for a pass now, or behind the one under way.
func (s *Store) Kick() { signal(s.kick) }

// pass walks over all names and fetches what this node lacks. It returns when
// the next one is due.
func (s *Store) pass(ctx context.Context, members []Member) time.Time {
	began := time.Now()
	whole := s.catchUp(ctx, members)
	sc := &scan{s: s, members: members}
	err := sc.run(ctx)
	fetched := 0
	if err == nil {
		s.status.scanned(sc)
		fetched = s.fetchAll(ctx, sc.missing, whole)
	} else if ctx.Err() == nil {
		s.opt.Logger.Error("look for missing blobs", "err", err)
	}
	done := err == nil && whole && ctx.Err() == nil && slices.Equal(members, s.sorted()) && s.status.ended()
	if sc.beyond > 0 && fetched > 0 {
		return time.Now()
	}
	every := s.opt.Every
	if !done {
		every = min(every, failedEvery)
	}
	return time.Now().Add(max(every, passShare*time.Since(began)))
}

// catchUp says whether the names are up to date, and this node is a member: only
// then a pass tells whether it is complete.
func (s *Store) catchUp(ctx context.Context, members []Member) bool {
	if !slices.ContainsFunc(members, func(m Member) bool { return m.ID == s.opt.Node }) {
		return false
	}
	if err := s.opt.CatchUp(ctx); err != nil {
		if ctx.Err() == nil {
			s.opt.Logger.Warn("the names of blobs may be old", "err", err)
		}
		return false
	}
	return true
}

// fetchAll fetches ids a few at a time and returns how many it got. A blob that
// nobody else has is lost if its name is still there; whether it is can only be
// told by names that are up to date.
func (s *Store) fetchAll(ctx context.Context, ids []blob.ID, whole bool) (fetched int) {
	h := &haul{s: s}
	work := make(chan blob.ID)
	var wg sync.WaitGroup
	for range passWorkers {
		wg.Go(func() {
			for id := range work {
				h.take(ctx, id, s.fetch(ctx, id, false))
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil || h.hopeless() {
			break
		}
		work <- id
	}
	close(work)
	wg.Wait()
	if len(h.nobody) > 0 && ctx.Err() == nil {
		s.sortOut(ctx, h.nobody, whole && s.opt.CatchUp(ctx) == nil)
	}
	return h.fetched
}

// haul is what the fetches of a pass came to. Its methods may be called together.
type haul struct {
	s       *Store
	mu      sync.Mutex
	nobody  []blob.ID // has these
	fetched int
	inARow  int // failures
}

func (h *haul) take(ctx context.Context, id blob.ID, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.s.status.settle(id, true, false)
		h.fetched++
		h.inARow = 0
	case errors.Is(err, blob.ErrNotFound):
		h.nobody = append(h.nobody, id)
		h.inARow = 0
	case ctx.Err() == nil:
		h.s.status.lacks(id)
		h.s.opt.Logger.Warn("a missing blob could not be fetched", "blob", id, "err", err)
		h.inARow++
	}
}

func (h *haul) hopeless() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inARow >= maxFailures
}

// sortOut tells the lost among ids, which nobody else has, from those that are
// no longer named.
func (s *Store) sortOut(ctx context.Context, ids []blob.ID, sure bool) {
	for _, id := range ids {
		named, err := s.opt.Named(ctx, before(id), 1)
		switch {
		case err != nil:
			return
		case len(named) == 0 || named[0] != id:
			s.status.settle(id, false, false)
		case sure:
			s.status.settle(id, false, true)
			s.opt.Logger.Error("a blob is lost: every member was asked and none has it", "blob", id)
		}
	}
}
