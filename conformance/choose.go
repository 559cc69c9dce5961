package conformance

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"bleepstore/scenarios"
)

// choose fills in what is claimed and which items are run.
func (p *Plan) choose(all []scenarios.Scenario) error {
	o := p.Options
	var edits []string
	auto := false
	for _, f := range o.Features {
		if f == "auto" {
			auto = true
		} else {
			edits = append(edits, f)
		}
	}
	claim, err := scenarios.Claim(o.Profile, edits)
	if err != nil {
		return usage("%w", err)
	}
	if o.Consistency == 0 {
		claim[scenarios.Consistency] = false
	}
	p.Claimed = claim
	p.Target.Claimed = maps.Clone(claim)
	if auto {
		for _, f := range scenarios.Profiles["full"] {
			if _, told := claim[f]; !told {
				p.Target.Claimed[f] = true
			}
		}
	}
	styles, err := addressings(o.Addressing)
	if err != nil {
		return err
	}
	picked, err := p.pick(all)
	if err != nil {
		return err
	}
	ordered, err := order(picked)
	if err != nil {
		return err
	}
	for i, style := range styles {
		for _, sc := range ordered {
			it := Item{Scenario: sc, Addressing: style, Name: sc.ID, Gates: missing(sc, p.Claimed) == nil}
			if i > 0 {
				it.Name += "@" + string(style)
			}
			p.Items = append(p.Items, it)
		}
	}
	return nil
}

func addressings(s string) ([]scenarios.Addressing, error) {
	switch s {
	case "path", "virtual":
		return []scenarios.Addressing{scenarios.Addressing(s)}, nil
	case "both":
		return []scenarios.Addressing{scenarios.PathStyle, scenarios.VirtualStyle}, nil
	}
	return nil, usage("-addressing=%s: want path, virtual or both", s)
}

// missing returns the features that sc needs and have lacks.
func missing(sc scenarios.Scenario, have map[scenarios.Feature]bool) []scenarios.Feature {
	var out []scenarios.Feature
	for _, f := range sc.Needs {
		if !have[f] {
			out = append(out, f)
		}
	}
	return out
}

// pick returns the scenarios that are claimed, exist in the region and match
// -id. A glob that matches nothing at all is an error, as is an empty
// selection: a misspelt name must never make a green run.
func (p *Plan) pick(all []scenarios.Scenario) ([]scenarios.Scenario, error) {
	globs := p.Options.ID
	hit := make([]bool, len(globs))
	for i, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			return nil, usage("-id=%s: %w", g, err)
		}
		hit[i] = slices.ContainsFunc(scenarios.Invariants(), func(inv scenarios.Invariant) bool { return Match(g, inv.ID, inv.Rule) })
	}
	var picked []scenarios.Scenario
	lacking := map[scenarios.Feature]bool{}
	claimed, elsewhere := 0, 0
	for _, sc := range all {
		named := len(globs) == 0
		for i, g := range globs {
			if Match(g, sc.ID, sc.Rule) {
				named, hit[i] = true, true
			}
		}
		switch lack := missing(sc, p.Target.Claimed); {
		case !sc.Applies(p.Target.Region):
			if named {
				elsewhere++
			}
			continue
		case lack != nil:
			if named {
				for _, f := range lack {
					lacking[f] = true
				}
			}
			continue
		}
		claimed++
		if named {
			picked = append(picked, sc)
		}
	}
	for i, ok := range hit {
		if !ok {
			return nil, usage("-id=%s matches no scenario and no rule; `bleepstore list` shows them", globs[i])
		}
	}
	if len(picked) == 0 {
		return nil, p.nothing(lacking, elsewhere)
	}
	p.Narrowed = len(picked) < claimed
	return picked, nil
}

// Match says whether a glob names a scenario or an invariant, by its id or by its
// rule's, as -id does. A pattern that is none names nothing.
func Match(glob, id, rule string) bool {
	a, _ := path.Match(glob, id)
	b, _ := path.Match(glob, rule)
	return a || b
}

// nothing explains an empty selection.
func (p *Plan) nothing(lacking map[scenarios.Feature]bool, elsewhere int) error {
	why := ""
	if len(lacking) > 0 {
		var add []string
		for _, f := range slices.Sorted(maps.Keys(lacking)) {
			add = append(add, "+"+string(f))
		}
		why = "; what matches needs -features=" + strings.Join(add, ",")
	} else if elsewhere > 0 {
		why = fmt.Sprintf("; what matches does not exist in region %s", p.Target.Region)
	}
	return usage("nothing selected: profile %s, features %v, id %v%s", p.Options.Profile, p.Options.Features, p.Options.ID, why)
}

// order returns the scenarios by id, each after those it depends on.
func order(scs []scenarios.Scenario) ([]scenarios.Scenario, error) {
	byID := map[string]scenarios.Scenario{}
	for _, sc := range scs {
		byID[sc.ID] = sc
	}
	var out []scenarios.Scenario
	state := map[string]int{} // 1: being placed, 2: placed
	var place func(id string) error
	place = func(id string) error {
		sc, here := byID[id]
		switch {
		case !here || state[id] == 2: // left out by the selection, or done
			return nil
		case state[id] == 1:
			return fmt.Errorf("scenario %s depends on itself", id)
		}
		state[id] = 1
		for _, dep := range sc.After {
			if err := place(dep); err != nil {
				return err
			}
		}
		state[id] = 2
		out = append(out, sc)
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if err := place(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
