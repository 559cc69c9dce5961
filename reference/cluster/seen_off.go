//go:build !mutants

package cluster

// seen is nothing: see that of a program with the tag mutants.
type seen struct{}

func (seen) vouched(uint64, error) {}

func (seen) once(uint64) bool { return false }

func (seen) got(uint64) {}

func (seen) last(err error) (uint64, error) { return 0, err }
