package mutation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Schema names the form of mutants.json, which RESULT.md describes.
const Schema = "bleepstore-mutants/1"

// A Report is what a matrix found.
type Report struct {
	Schema   string    `json:"schema"`
	Tool     string    `json:"tool"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Endpoint string    `json:"endpoint,omitempty"` // of a server that is not our own
	Seed     uint64    `json:"seed"`
	Seeds    int       `json:"seeds"`
	Only     []string  `json:"only,omitempty"`
	Fast     bool      `json:"fast,omitempty"`
	Sample   int       `json:"sample,omitempty"` // how many bugs were to be drawn
	Choice   int       `json:"choice,omitempty"` // of so many
	Foreign  bool      `json:"foreign,omitempty"`

	Base       []Base        `json:"base"`
	BaseTook   time.Duration `json:"base_ns"`
	Stages     []Stage       `json:"stages"`
	Selected   int           `json:"selected"` // mutants
	Mutants    []*Row        `json:"mutants"`  // sorted by name
	Groups     []Group       `json:"groups"`
	Median     time.Duration `json:"median_ns"`  // of the times to kill
	Longest    time.Duration `json:"longest_ns"` // likewise
	Families   []*Family     `json:"families,omitempty"`
	Gating     int           `json:"gating,omitempty"` // scenarios and invariants that could kill; 0: they were not counted
	Unkilled   []Unkilled    `json:"unkilled,omitempty"`
	Unknown    []string      `json:"unknown,omitempty"`  // excuses of what does not exist
	Needless   []string      `json:"needless,omitempty"` // excuses of what kills something
	Alarms     []Alarm       `json:"alarms"`
	SeedTrials int           `json:"seed_trials,omitempty"` // scenarios that were run without bugs under further seeds
	// Kills has, by scenario, the mutants that failed it.
	Kills       map[string][]string `json:"kills,omitempty"`
	Notes       []string            `json:"notes,omitempty"`
	Ledgers     []string            `json:"ledgers,omitempty"` // of what could not be removed
	Interrupted bool                `json:"interrupted,omitempty"`

	kills map[string][]string
}

// A Stage is a part of a run, and how long it took. Command lines run beside the
// others.
type Stage struct {
	Name string        `json:"name"`
	Took time.Duration `json:"took_ns"`
}

// A Base is what passes on one ground without bugs.
type Base struct {
	Ground    string `json:"ground"`
	Scenarios int    `json:"scenarios"`
	Passed    int    `json:"passed"`
}

// A Group is a part of the mutants.
type Group struct {
	Name   string `json:"name"`
	Total  int    `json:"total"`
	Killed int    `json:"killed"`
}

// credit says that scenarios failed with a mutant.
func (r *Report) credit(mutant string, ids ...string) {
	if r.kills == nil {
		r.kills = map[string][]string{}
	}
	for _, id := range ids {
		r.kills[id] = append(r.kills[id], mutant)
	}
}

// sum fills in what only the whole shows.
func (m *Matrix) sum() {
	r := m.report
	r.Finished = time.Now().UTC()
	slices.SortFunc(r.Mutants, func(a, b *Row) int { return cmp.Compare(a.Name, b.Name) })
	var times []time.Duration
	groups := map[string]*Group{}
	for _, row := range r.Mutants {
		if groups[row.Group] == nil {
			groups[row.Group] = &Group{Name: row.Group}
		}
		groups[row.Group].Total++
		if row.Verdict == Killed {
			groups[row.Group].Killed++
			times = append(times, row.Kill)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		r.Groups = append(r.Groups, *groups[name])
	}
	if slices.Sort(times); len(times) > 0 {
		r.Median, r.Longest = times[len(times)/2], times[len(times)-1]
	}
	r.Kills = r.kills
	if m.whole() && !r.Interrupted {
		r.Gating = len(m.inventory.Scenes)
		r.Unkilled, r.Unknown, r.Needless = excuse(m.inventory.Scenes, r.kills, m.Excuses)
	}
}

// Of returns the mutants with a verdict.
func (r *Report) Of(v Verdict) (out []*Row) {
	for _, row := range r.Mutants {
		if row.Verdict == v {
			out = append(out, row)
		}
	}
	return out
}

// Killed says whether every mutant that was selected was killed, of which there was
// one at least.
func (r *Report) Killed() bool {
	return r.Selected > 0 && len(r.Of(Killed)) == r.Selected
}

// Unexplained returns what kills nothing, and nobody says why.
func (r *Report) Unexplained() (ids []string) {
	for _, u := range r.Unkilled {
		if u.Reason == "" {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

func (a Alarm) String() string {
	return fmt.Sprintf("%s: %s under seed %d: %s", a.ID, a.Verdict, a.Seed, a.Reason)
}
