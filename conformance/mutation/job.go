package mutation

import (
	"maps"
	"slices"
	"time"

	"bleepstore/fault"
	"bleepstore/scenarios"
)

// A Job is what a worker does on one ground with one bug, or with none.
type Job struct {
	Ground string `json:"ground"`
	Seed   uint64 `json:"seed"`
	Mutant string `json:"mutant,omitempty"` // "": none
	Trace  bool   `json:"trace,omitempty"`  // tell what each scenario met

	// First are run one after the other until one fails, which is the killer.
	First []string `json:"first,omitempty"`
	// Then are all run, after those, unless they have been.
	Then []string `json:"then,omitempty"`
	// More are run after those, of each area in which one of Then did not pass.
	More map[string][]string `json:"more,omitempty"`
	// Rest are run in the end, unless they have been, for as long as a rest may take.
	Rest []string `json:"rest,omitempty"`
	// Any says that one of Rest which fails is a killer too, and ends the job.
	Any bool `json:"any,omitempty"`
	// Brisk is how long a scenario waits for a change, unless it is one of Patient:
	// what is in effect at once without a bug need not be waited for with one. 0: as
	// long as ever.
	Brisk   time.Duration `json:"brisk_ns,omitempty"`
	Patient []string      `json:"patient,omitempty"`
	// Shapes are invariants: a scenario with an exchange that breaks one of them
	// is a killer too.
	Shapes []string `json:"shapes,omitempty"`
}

// doubted are the scenarios of More, in the order of their areas, that are to be run
// after trials.
func (j Job) doubted(trials []Trial) (ids []string) {
	for _, area := range slices.Sorted(maps.Keys(j.More)) {
		if slices.ContainsFunc(trials, func(t Trial) bool {
			return !t.Passed() && slices.Contains(j.Then, t.ID) && scenarios.Scenario{ID: t.ID}.Area() == area
		}) {
			ids = append(ids, j.More[area]...)
		}
	}
	return ids
}

// An Outcome is what a worker found.
type Outcome struct {
	Trials []Trial       `json:"trials"` // in the order in which they were run
	Killer string        `json:"killer,omitempty"`
	Kill   time.Duration `json:"kill_ns,omitempty"` // from before the server was started to the killer's end
	Took   time.Duration `json:"took_ns"`
	// Sound has each scenario that failed once more, under the same seed, on a
	// server without bugs: what fails there too says nothing of the bug.
	Sound []Trial `json:"sound,omitempty"`
	// Ledgers name what could not be removed from a server that is not our own.
	Ledgers []string `json:"ledgers,omitempty"`
}

// A Trial is one scenario, run once.
type Trial struct {
	ID      string            `json:"id"`
	Verdict scenarios.Verdict `json:"verdict"`
	Reason  string            `json:"reason,omitempty"`
	Took    time.Duration     `json:"took_ns"`
	Met     []string          `json:"met,omitempty"`    // of a job that traces
	Waited  bool              `json:"waited,omitempty"` // some change was not in effect at once
	Brisk   bool              `json:"brisk,omitempty"`  // it was to wait for changes no longer than Job.Brisk
	Drew    bool              `json:"drew,omitempty"`   // under another seed it does something else
	Shapes  []string          `json:"shapes,omitempty"` // invariants that an exchange of it broke
}

// Failed says whether the trial shows a bug: what blocks a scenario, or breaks
// the harness, does not.
func (t Trial) Failed() bool {
	return t.Verdict == scenarios.Fail || t.Verdict == scenarios.Silent
}

// Passed says whether the trial would not have gated.
func (t Trial) Passed() bool { return !t.Verdict.Gates() }

// broke returns the first of the invariants that the trial broke, "" for none.
func (t Trial) broke(shapes []string) string {
	for _, s := range shapes {
		if slices.Contains(t.Shapes, s) {
			return s
		}
	}
	return ""
}

// A Scene is a scenario, or an invariant, that gates.
type Scene struct {
	ID    string `json:"id"`
	Rule  string `json:"rule"`
	Area  string `json:"area"`
	Shape bool   `json:"shape,omitempty"` // an invariant, judged on the exchanges of the others
}

// An Inventory is what there is to run and to plant.
type Inventory struct {
	Scenes  []Scene                   `json:"scenes"`  // sorted by id
	Mutants map[string][]fault.Mutant `json:"mutants"` // by ground, written by hand
}
