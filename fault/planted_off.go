//go:build !mutants

package fault

// Planted says whether the bug of that name is planted in this process. Only a
// program built with the tag mutants has any.
func Planted(string) bool { return false }

// Plant plants a bug; it returns false where none can be.
func Plant(string) bool { return false }

// Unplant takes all bugs out again.
func Unplant() {}
