package cluster

import (
	"sync"

	"github.com/hashicorp/raft"
)

// A place is what raft wants to know of a point of the log besides its index.
type place struct {
	index       uint64
	term        uint64
	config      raft.Configuration
	configIndex uint64
}

// history knows the place of every index between the newest snapshot and the
// last entry handed to the state machine, so that a copy of the database can be
// labelled with what it turns out to hold. Its methods may be called together.
type history struct {
	mu    sync.Mutex
	turns []place // where the term or the configuration became another; the oldest is the base
	last  uint64
}

// begin starts anew behind a snapshot.
func (h *history) begin(p place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turns, h.last = []place{p}, p.index
}

// note takes the entry that follows.
func (h *history) note(l *raft.Log) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.turns[len(h.turns)-1]
	if l.Term != p.term || l.Type == raft.LogConfiguration {
		p.index, p.term = l.Index, l.Term
		if l.Type == raft.LogConfiguration {
			p.config, p.configIndex = raft.DecodeConfiguration(l.Data), l.Index
		}
		h.turns = append(h.turns, p)
	}
	h.last = max(h.last, l.Index)
}

// at returns the place of an index; ok is false when it is not known, or not yet.
func (h *history) at(index uint64) (p place, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if index < h.turns[0].index || index > h.last {
		return place{}, false
	}
	for _, t := range h.turns {
		if t.index <= index {
			p = t
		}
	}
	p.index = index
	return p, true
}

// forget drops what only indexes below index need.
func (h *history) forget(index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.turns) > 1 && h.turns[1].index <= index {
		h.turns = h.turns[1:]
	}
}
