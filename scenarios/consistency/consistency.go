// Package consistency holds the workloads: what several clients do to a server
// at once, so that the history of it can be judged. It knows how operations are
// sent and recorded, one request on the wire for each, and how keys are handed
// round so that a history can be judged at all; what a correct history is, the
// models know.
package consistency

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"bleepstore/scenarios"
)

// A Workload is what clients do at once to a set of keys.
type Workload struct {
	Name  string // unique; the part before a dash is what it is chosen by
	Rule  string // its row in the catalogue of rules
	Says  string // one sentence that holds MUST
	Ref   string // the page that the part called raw is taken from
	Model string // how its history is judged
	Needs []scenarios.Feature

	Clients int // at a time
	// Keys is how many holdings are open at a time. A holding is a key, or Group
	// of them, and at most maxHolders clients have it at once; what is judged
	// grows with those who use a key at once, not with the length of its history.
	Keys, Group int
	// Together says that the keys of a holding are judged as one state.
	Together bool
	// Wear is after how many operations a holding is given up for a new one; at
	// most maxWear.
	Wear      int
	Versioned bool
	// Locked says that the bucket has object lock, and a default retention that
	// keeps every version; it has versioning then.
	Locked bool
	// Broken says that the connections of some requests are broken on their way,
	// from the first move to the last.
	Broken bool
	// Killed says that the server is killed and started again in the midst of it.
	Killed bool

	Moves []Move
	// First prepares a holding before anybody uses it; nil: there is nothing to do.
	// What it does is no part of the history.
	First func(context.Context, *client, *holding)
	// Drive, where there is one, is what the workload does instead of moves.
	Drive func(context.Context, *run)
	// Last reads a holding when all clients have stopped; nil: a GET of each key.
	Last func(context.Context, *client, *holding)
}

// A Move is one thing that a client does now and then: an operation, or a few
// that follow from one another.
type Move struct {
	Name   string
	Weight int
	Do     func(context.Context, *client, *holding)
}

// patience is how long a workload goes on for operations enough, and waits for a
// server that was killed; mostPatience what more it has with a slow server.
const (
	patience     = 20 * time.Second
	mostPatience = 4 * time.Minute
)

// patience is patience with this server: it has a hundred of its slowest answers
// more, which is how many each client waits for until there are operations enough.
func (r *run) patience() time.Duration {
	return patience + min(100*scenarios.Slowest(r.s), mostPatience)
}

// The bounds within which a history can be judged.
const (
	maxHolders = 5
	maxWear    = 1000
	maxOpen    = 8 // writes of a holding whose outcome is unclear
)

// Options are how long a workload runs, and with how many clients.
type Options struct {
	Duration time.Duration
	Clients  int   // 0: the workload's own number
	Requests int64 // after so many it ends early; 0: no limit
	// Until ends the workload when it is closed, if Duration has not; what follows
	// is as at its end. nil: never.
	Until <-chan struct{}
	// Enough is how many requests it goes on for in spite of Duration, so that a
	// slow server is judged too; at most as long as patience says.
	Enough int64
	// Think is the mean pause of a client between two moves; 0: none.
	Think time.Duration
}

// Workloads returns all workloads, in the order in which they are run.
func Workloads() []Workload {
	return []Workload{register, torn, cas, elect, appends, listAtomic, listPages, listSet, versions, locked, multipart, completes, copies, deletes, tags}
}

// Names are what workloads are chosen by, each once.
func Names() []string {
	var names []string
	for _, w := range Workloads() {
		if n := w.chosenBy(); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// Find returns the workloads chosen by name, none where there is no such name.
func Find(name string) []Workload {
	return slices.DeleteFunc(Workloads(), func(w Workload) bool { return w.chosenBy() != name })
}

func (w *Workload) chosenBy() string {
	name, _, _ := strings.Cut(w.Name, "-")
	return name
}

// pick draws a move by its weight.
func (w *Workload) pick(r *rand.Rand) *Move {
	sum := 0
	for i := range w.Moves {
		sum += w.Moves[i].Weight
	}
	n := r.IntN(sum)
	for i := range w.Moves {
		if n -= w.Moves[i].Weight; n < 0 {
			return &w.Moves[i]
		}
	}
	panic("consistency: weights do not add up")
}
