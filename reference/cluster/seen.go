//go:build mutants

package cluster

import (
	"sync"
	"time"
)

// leaseTime is what the bug read.lease-by-clock takes for safe.
const leaseTime = time.Second

// seen is what a leader with a bug remembers of earlier rounds. Its methods may be
// called together.
type seen struct {
	mu     sync.Mutex
	at     time.Time // when a majority last vouched for the leader, by its clock
	term   uint64
	index  uint64 // asked for by a round that got no answer
	flight *flight
}

// A flight is a round that is under way.
type flight struct {
	done  chan struct{}
	index uint64
	err   error
}

func (s *seen) vouched(now time.Time, term uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.at, s.term = now, term
	}
}

func (s *seen) lately(now time.Time, term uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term == term && now.Round(0).Before(s.at.Round(0).Add(leaseTime))
}

// asked is the index of the oldest round since the last one that was answered.
func (s *seen) asked(index uint64, err error) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == 0 {
		s.index = index
	}
	index = s.index
	if err == nil {
		s.index = 0
	}
	return index
}

// join does fn, or waits for who does it already.
func (s *seen) join(fn func() (uint64, error)) (uint64, error) {
	s.mu.Lock()
	f := s.flight
	if f != nil {
		s.mu.Unlock()
		<-f.done
		return f.index, f.err
	}
	f = &flight{done: make(chan struct{})}
	s.flight = f
	s.mu.Unlock()
	f.index, f.err = fn()
	s.mu.Lock()
	s.flight = nil
	s.mu.Unlock()
	close(f.done)
	return f.index, f.err
}
