package history

import (
	"fmt"
	"slices"
	"time"
)

// Faults tell what was done to the server while the operations of a run went on,
// so that these can be judged by it. All times are of the operations' clock.
type Faults struct {
	// From is when clients were let loose, To when they were told to stop: what
	// they read afterwards is no part of the load.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// MinRate is how many operations a second have to succeed, where a quorum of
	// the nodes lives, for the run to show anything.
	MinRate float64 `json:"min_rate"`
	// Recovery is how long the first success may take after faults have ended; 0:
	// any time, which is told and demanded of nobody.
	Recovery time.Duration `json:"recovery_ns,omitempty"`
	Bands    []Band        `json:"bands"`
	Quorum   []Quorum      `json:"quorum"` // ascending; before the first one there was one
	// States are those that the nodes had when clients had stopped and everything
	// was healed; none where nobody could tell.
	States []State `json:"states,omitempty"`
	// Broken are things that went wrong and were no fault of the schedule: a fault
	// that could not be taken back, a node that ended by itself.
	Broken []string `json:"broken,omitempty"`
}

// A Band is one fault from when it had been done until it had been taken back.
type Band struct {
	Kind    string `json:"kind"`
	Group   string `json:"group,omitempty"` // of kinds, by which bands are coloured
	Says    string `json:"says,omitempty"`  // to whom, and how
	From    int64  `json:"from"`
	To      int64  `json:"to"`                // From, where it was over at once
	Skipped string `json:"skipped,omitempty"` // why it was not done at all
	Failed  string `json:"failed,omitempty"`  // what went wrong with it
}

// Quorum says whether a quorum of the nodes could do its work from a time on.
type Quorum struct {
	At int64 `json:"at"`
	OK bool  `json:"ok"`
}

// A State is a digest of everything that a node holds, and how much of the log
// it is made of: nodes that have applied the same must have the same.
type State struct {
	Node    string `json:"node"`
	Applied uint64 `json:"applied"`
	Hash    string `json:"hash"`
}

// Done are the bands of faults that were done, whether or not all went well.
func (f *Faults) Done() []Band {
	return slices.DeleteFunc(slices.Clone(f.Bands), func(b Band) bool { return b.Skipped != "" })
}

// validate refuses times that contradict each other.
func (f *Faults) validate() error {
	if f.From < 0 || f.To < f.From {
		return fmt.Errorf("clients were at it from %d to %d", f.From, f.To)
	}
	for _, b := range f.Bands {
		if b.Kind == "" || b.To < b.From {
			return fmt.Errorf("fault %q from %d to %d", b.Kind, b.From, b.To)
		}
	}
	if !slices.IsSortedFunc(f.Quorum, func(a, b Quorum) int { return compare(a.At, b.At) }) {
		return fmt.Errorf("times of quorum go back")
	}
	return nil
}
