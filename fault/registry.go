package fault

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// A Kind is a kind of fault. Package kind has them, a file each.
type Kind struct {
	Name  string // dotted, unique
	Group string // what is asked for by name: partition, net, kill, pause, disk, clock, membership, snapshot, http
	Says  string // what happens, in a sentence
	Brief bool   // it is over at once; others last for Event.For
	Rare  bool   // drawn only when its name is asked for: the group does not bring it
	// Draw chooses what the event leaves open; nil: nothing.
	Draw func(r *rand.Rand) Args
	// Apply does it. undo, which may be nil, takes it back, also what was
	// done before an error; it is called
	// also when the context of Apply has ended.
	Apply func(ctx context.Context, s *Stage, a Args) (undo Undo, err error)
}

// An Undo takes a fault back. One that has failed is called again.
type Undo func(ctx context.Context) error

var kinds = map[string]Kind{}

// Add registers a kind at the start of the program; it panics where that is
// wrong.
func Add(k Kind) Kind {
	if _, twice := kinds[k.Name]; twice || k.Name == "" || k.Group == "" || k.Says == "" || k.Apply == nil {
		panic(fmt.Sprintf("kind of fault %q: incomplete, or there twice", k.Name))
	}
	kinds[k.Name] = k
	return k
}

// Find returns the kind of a name.
func Find(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

// Kinds returns all kinds by name.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		all = append(all, kinds[name])
	}
	return all
}

// Choose returns the kinds that names ask for, each a group or a kind.
func Choose(names []string) ([]Kind, error) {
	var out []Kind
	for _, name := range names {
		found := false
		for _, k := range Kinds() {
			if k.Name == name || k.Group == name && !k.Rare {
				found = true
				if !slices.ContainsFunc(out, func(o Kind) bool { return o.Name == k.Name }) {
					out = append(out, k)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("no fault and no group of faults is called %q", name)
		}
	}
	return out, nil
}
