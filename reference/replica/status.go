package replica

import (
	"slices"
	"sync"

	"bleepstore/reference/blob"
)

const (
	// maxNamed is how many ids Status names.
	maxNamed = 10_000
	// maxMissing is how many missing blobs one pass fetches. Behind them it only
	// counts, and another pass follows at once.
	maxMissing = 100_000
)

// Status is what the last pass over all names found, kept up to date as blobs
// are fetched.
type Status struct {
	// Held is how many named blobs this node should hold and does, Missing how
	// many it lacks, and Lost how many of which every other member was reached
	// and had none either. Missing does not count those.
	Held, Missing, Lost int
	// Complete says that a whole pass, begun after the members changed last, has
	// ended with nothing missing. What the node lacks in a later pass does not
	// take it back.
	Complete bool
	// MissingIDs are the ids that are missing or lost, at most 10,000.
	MissingIDs []blob.ID
}

// progress is the Status under way. All methods may be called together.
type progress struct {
	mu       sync.Mutex
	held     int
	missing  map[blob.ID]bool
	beyond   int // missing, but too many to name
	lost     map[blob.ID]bool
	complete bool
}

// Status returns at once.
func (s *Store) Status() Status {
	p := &s.status
	p.mu.Lock()
	defer p.mu.Unlock()
	st := Status{Held: p.held, Missing: len(p.missing) + p.beyond, Lost: len(p.lost), Complete: p.complete}
	for _, ids := range []map[blob.ID]bool{p.lost, p.missing} {
		for id := range ids {
			if len(st.MissingIDs) == maxNamed {
				break
			}
			st.MissingIDs = append(st.MissingIDs, id)
		}
	}
	slices.Sort(st.MissingIDs)
	return st
}

// scanned replaces what is known by what a scan found.
func (p *progress) scanned(sc *scan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held, p.beyond = sc.held, sc.beyond
	old := p.lost
	p.missing, p.lost = map[blob.ID]bool{}, map[blob.ID]bool{}
	for _, id := range sc.missing {
		if old[id] {
			p.lost[id] = true // until proven otherwise
		} else {
			p.missing[id] = true
		}
	}
}

// settle moves id to where it belongs: it was fetched, it is lost, or it is no
// longer named.
func (p *progress) settle(id blob.ID, held, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.missing, id)
	delete(p.lost, id)
	if held {
		p.held++
	}
	if lost {
		p.lost[id] = true
	}
}

// lacks takes note that id is missing, not lost.
func (p *progress) lacks(id blob.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lost, id)
	p.missing[id] = true
}

// ended takes note of the end of a whole pass, and says whether nothing is
// missing: the node is complete then.
func (p *progress) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	none := len(p.missing)+p.beyond == 0
	p.complete = p.complete || none
	return none
}

// reset says that the members have changed.
func (p *progress) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complete = false
}
