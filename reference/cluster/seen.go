//go:build mutants

package cluster

import (
	"sync"
	"time"
)

// seen is what a node with a bug remembers of earlier reads. Its methods may be
// called together.
type seen struct {
	mu    sync.Mutex
	term  uint64    // in which a majority has vouched for the leader
	at    time.Time // when, by this node's clock
	index uint64    // the latest read index that was had
}

func (s *seen) vouched(term uint64, at time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.term, s.at = term, at
	}
}

// lease says whether a majority has vouched within the last two seconds.
func (s *seen) lease(term uint64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term == term && now.Sub(s.at) < 2*time.Second
}

func (s *seen) once(term uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term == term
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
