package mutation

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A Family is a kind of systematic bug.
type Family struct {
	Name   string   `json:"name"`
	Bugs   int      `json:"bugs"`   // of the kind, whose occasion some scenario had
	Ran    int      `json:"ran"`    // of these, that were planted
	Met    int      `json:"met"`    // scenarios that had an occasion
	Failed []string `json:"failed"` // scenarios that fail with one

	trials int // scenarios that were run with one
}

// A suspect is a bug that may show what a scenario can find.
type suspect struct {
	ground, name string
	ids          []string // scenarios that had its occasion, and were not run with it
	rare         float64  // the fewer have its occasion the more likely is one of them there for it
	family       *Family
}

// look runs what has killed nothing yet with bugs that it had the occasion of,
// systematic ones and narrow ones under which it was not drawn. It tells which
// scenarios can fail at all.
func (m *Matrix) look(ctx context.Context, slots []*slot) {
	open := m.idle()
	m.mu.Lock()
	suspects := append(m.systematic(open), m.narrow(open)...)
	m.mu.Unlock()
	tried := map[string]int{}
	work(ctx, slots, func() task {
		m.mu.Lock()
		defer m.mu.Unlock()
		i := likeliest(suspects, open)
		if i < 0 {
			return nil
		}
		sus := suspects[i]
		suspects = slices.Delete(suspects, i, i+1)
		for _, id := range sus.ids {
			if tried[id]++; tried[id] == mostTries {
				delete(open, id)
			}
		}
		return func(ctx context.Context, s *slot) {
			j := Job{Ground: sus.ground, Seed: m.Seed, Mutant: sus.name, Rest: sus.ids}
			m.bases[sus.ground].hurry(&j)
			out, err := s.do(ctx, j)
			if err == nil {
				m.hasty(j, out)
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			sus.family.Ran++
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				m.report.Notes = append(m.report.Notes, sus.name+": "+err.Error())
				return
			}
			m.saw(sus, out, open)
		}
	})
}

// idle are the scenarios that have killed nothing.
func (m *Matrix) idle() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := map[string]bool{}
	for _, s := range m.inventory.Scenes {
		if !s.Shape && len(m.report.kills[s.ID]) == 0 {
			open[s.ID] = true
		}
	}
	m.Say(fmt.Sprintf("%d scenarios have killed nothing yet", len(open)))
	return open
}

// mostTries is with how many bugs a scenario is run in search of one that it finds.
const mostTries = 100

// saw takes in what failed with a suspect. The caller holds mu.
func (m *Matrix) saw(sus suspect, out *Outcome, open map[string]bool) {
	alarmed := map[string]bool{}
	for _, t := range out.Sound {
		if !t.Passed() || len(t.Shapes) > 0 {
			alarmed[t.ID] = true
			if !t.Brisk || t.Passed() {
				m.alarms(alarm(sus.ground, m.Seed, t))
			}
		}
	}
	for _, t := range out.Trials {
		sus.family.trials++
		if !t.Failed() || alarmed[t.ID] {
			continue
		}
		delete(open, t.ID)
		m.report.credit(sus.name, t.ID)
		if !slices.Contains(sus.family.Failed, t.ID) {
			sus.family.Failed = append(sus.family.Failed, t.ID)
		}
	}
}

// likeliest returns the suspect that is likely to fail most of what is open for what
// it takes to run it, once it has left out what is open no more; -1 where none is
// left. The caller holds what guards the families.
func likeliest(suspects []suspect, open map[string]bool) int {
	best, most := -1, 0.0
	for i := range suspects {
		sus := &suspects[i]
		sus.ids = slices.DeleteFunc(sus.ids, func(id string) bool { return !open[id] })
		n := float64(len(sus.ids))
		if score := n * sus.rare * sus.family.rate() / (startCost + n); score > most {
			best, most = i, score
		}
	}
	return best
}

// startCost is what it takes to start a server, in scenarios.
const startCost = 4

// rate is how many of the scenarios that were run with bugs of a family failed; of one
// of which little is known, a guess.
func (f *Family) rate() float64 { return (float64(len(f.Failed)) + 2) / (float64(f.trials) + 20) }

// suspect returns a bug and what of the scenarios that are open it may fail.
func (m *Matrix) suspect(ground, name string, open, ran map[string]bool, f *Family) suspect {
	b := m.bases[ground]
	met := b.met[name]
	sus := suspect{ground: ground, name: name, rare: 1 / math.Sqrt(float64(max(len(met), 1))), family: f}
	for _, id := range slices.Sorted(maps.Keys(met)) {
		if open[id] && b.passes[id] && !ran[id] {
			sus.ids = append(sus.ids, id)
		}
	}
	return sus
}

// systematic returns the bugs that the base met and nobody wrote by hand.
func (m *Matrix) systematic(open map[string]bool) (out []suspect) {
	families := map[string]*Family{}
	for ground, b := range m.bases {
		met := map[string]map[string]bool{} // by family
		for name, scenes := range b.met {
			if m.byHand(name) {
				continue
			}
			kind := familyOf(name)
			if families[kind] == nil {
				families[kind], met[kind] = &Family{Name: kind, Failed: []string{}}, map[string]bool{}
			}
			f := families[kind]
			f.Bugs++
			for id := range scenes {
				met[kind][id] = true
			}
			f.Met = len(met[kind])
			out = append(out, m.suspect(ground, name, open, nil, f))
		}
	}
	for _, f := range families {
		m.report.Families = append(m.report.Families, f)
	}
	slices.SortFunc(out, func(a, b suspect) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(m.report.Families, func(a, b *Family) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// familyOf is the kind of a systematic bug: the first two words of its name.
func familyOf(name string) string {
	words := strings.SplitN(name, ".", 3)
	return strings.Join(words[:min(2, len(words))], ".")
}

func (m *Matrix) byHand(name string) bool {
	for _, all := range m.inventory.Mutants {
		for _, mu := range all {
			if mu.Name == name {
				return true
			}
		}
	}
	return false
}

// narrow returns the mutants by hand that are killed, as suspects of a family that is
// not told of.
func (m *Matrix) narrow(open map[string]bool) (out []suspect) {
	f := &Family{}
	for _, row := range m.report.Mutants {
		if row.Verdict == Killed && row.By == "" {
			out = append(out, m.suspect(row.Ground, row.Name, open, row.ran, f))
		}
	}
	return out
}
