//go:build mutants

package fault

import "sync"

var planted sync.Map // of names

// Planted says whether the bug of that name is planted in this process. Only a
// program built with the tag mutants has any.
func Planted(name string) bool {
	_, on := planted.Load(name)
	return on
}

// Plant plants a bug; it returns false where none can be.
func Plant(name string) bool {
	planted.Store(name, true)
	return true
}

// Unplant takes all bugs out again.
func Unplant() { planted.Clear() }
