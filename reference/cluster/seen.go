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
	index  uint64 // the latest that was had
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

func (s *seen) got(index uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index = index
}

// last is the index that was had before, or err where none was.
func (s *seen) last(err error) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == 0 {
		return 0, err
	}
	return s.index, nil
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
