package conformance

import (
	"path"
	"slices"

	"bleepstore/scenarios"
)

// Find returns the scenarios and invariants of a catalogue that match: those
// whose needs profile claims ("" is any) and whose id or rule matches one of
// the globs (none is any). An unknown profile, and a search that finds
// nothing, are errors.
func Find(all []scenarios.Scenario, profile string, globs []string) ([]scenarios.Scenario, []scenarios.Invariant, error) {
	var claim map[scenarios.Feature]bool
	if profile != "" {
		var err error
		if claim, err = scenarios.Claim(profile, nil); err != nil {
			return nil, nil, usage("%w", err)
		}
	}
	named := func(id, rule string) bool {
		return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool { return Match(g, id, rule) })
	}
	for _, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			return nil, nil, usage("--id=%s: %w", g, err)
		}
	}
	scs := slices.DeleteFunc(slices.Clone(all), func(sc scenarios.Scenario) bool {
		return !named(sc.ID, sc.Rule) || claim != nil && missing(sc, claim) != nil
	})
	invs := slices.DeleteFunc(scenarios.Invariants(), func(inv scenarios.Invariant) bool { return !named(inv.ID, inv.Rule) })
	if len(scs)+len(invs) == 0 {
		return nil, nil, usage("nothing matches --id=%v in profile %q", globs, profile)
	}
	return scs, invs, nil
}

// Exists returns a function that reports whether a scenario, an invariant or
// a rule of the catalogue has the name.
func Exists(all []scenarios.Scenario) func(name string) bool {
	names := map[string]bool{}
	for _, sc := range all {
		names[sc.ID], names[sc.Rule] = true, true
	}
	for _, inv := range scenarios.Invariants() {
		names[inv.ID], names[inv.Rule] = true, true
	}
	return func(name string) bool { return names[name] }
}
