package mutation

import (
	"context"
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
}

// A suspect is a bug that may show what a scenario can find.
type suspect struct {
	ground, name string
	ran          map[string]bool // scenarios that were run with it
	family       *Family         // nil: written by hand
}

// look runs what has killed nothing yet with bugs that it had the occasion of:
// systematic ones first, then narrow ones under which it was not drawn. It tells
// which scenarios can fail at all.
func (m *Matrix) look(ctx context.Context, slots []*slot) {
	open := map[string]bool{}
	for _, s := range m.inventory.Scenes {
		if !s.Shape && len(m.report.kills[s.ID]) == 0 {
			open[s.ID] = true
		}
	}
	suspects := append(m.systematic(), m.narrow()...)
	tried := map[string]int{}
	work(ctx, slots, func() task {
		m.mu.Lock()
		defer m.mu.Unlock()
		i, ids := m.most(suspects, open)
		if i < 0 {
			return nil
		}
		for _, id := range ids {
			if tried[id]++; tried[id] == mostTries {
				delete(open, id)
			}
		}
		sus := suspects[i]
		suspects = slices.Delete(suspects, i, i+1)
		return func(ctx context.Context, s *slot) {
			out, err := s.do(ctx, Job{Ground: sus.ground, Seed: m.Seed, Mutant: sus.name, Rest: ids})
			m.mu.Lock()
			defer m.mu.Unlock()
			if sus.family != nil {
				sus.family.Ran++
			}
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

// mostTries is with how many bugs a scenario is run in search of one that it finds.
const mostTries = 400

// saw takes in what failed with a suspect. The caller holds mu.
func (m *Matrix) saw(sus suspect, out *Outcome, open map[string]bool) {
	alarmed := map[string]bool{}
	for _, t := range out.Sound {
		if !t.Passed() || len(t.Shapes) > 0 {
			alarmed[t.ID] = true
			m.alarms(alarm(sus.ground, m.Seed, t))
		}
	}
	for _, t := range out.Trials {
		if !t.Failed() || alarmed[t.ID] {
			continue
		}
		delete(open, t.ID)
		m.report.credit(sus.name, t.ID)
		if sus.family != nil && !slices.Contains(sus.family.Failed, t.ID) {
			sus.family.Failed = append(sus.family.Failed, t.ID)
		}
	}
}

// most returns the suspect that most of what is open had the occasion of, and what
// that is; -1 where none is left. Systematic ones come first.
func (m *Matrix) most(suspects []suspect, open map[string]bool) (best int, ids []string) {
	best = -1
	for i, sus := range suspects {
		if best >= 0 && suspects[best].family != nil && sus.family == nil {
			break
		}
		var mine []string
		b := m.bases[sus.ground]
		for _, s := range b.scenes {
			if open[s.ID] && b.met[sus.name][s.ID] && b.passes[s.ID] && !sus.ran[s.ID] {
				mine = append(mine, s.ID)
			}
		}
		if len(mine) > len(ids) {
			best, ids = i, mine
		}
	}
	return best, ids
}

// systematic returns the bugs that the base met and nobody wrote by hand.
func (m *Matrix) systematic() (out []suspect) {
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
			out = append(out, suspect{ground: ground, name: name, family: f})
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

// narrow returns the mutants by hand that are killed, as suspects.
func (m *Matrix) narrow() (out []suspect) {
	for _, row := range m.report.Mutants {
		if row.Verdict == Killed && row.By == "" {
			out = append(out, suspect{ground: row.Ground, name: row.Name, ran: row.ran})
		}
	}
	return out
}
