//go:build !mutants

package fault

// A Bug can be planted in a program built with the tag mutants; in this one it is
// nothing.
type Bug struct{}

// NewBug returns nothing: see the Bug of a program with the tag mutants.
func NewBug(name, says string, breaks ...string) *Bug { return nil }

// By returns b.
func (b *Bug) By(command string) *Bug { return b }

// On returns false.
func (b *Bug) On() bool { return false }

// Bugs returns none.
func Bugs() []Mutant { return nil }

// Plant returns false: there is nothing to plant.
func Plant(name string) bool { return false }

// Unplant does nothing.
func Unplant() {}

// TraceBugs does nothing.
func TraceBugs(on bool) {}

// Met returns none.
func Met() []string { return nil }
