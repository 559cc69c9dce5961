//go:build mutants

package cluster

import "sync"

// seen is what a node with a bug remembers of earlier reads. Its methods may be
// called together.
type seen struct {
	mu    sync.Mutex
	term  uint64 // in which a majority has vouched for the leader
	index uint64 // the latest read index that was had
}

func (s *seen) vouched(term uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.term = term
	}
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
