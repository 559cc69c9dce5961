//go:build !mutants

package cluster

import "time"

// seen is nothing: see that of a program with the tag mutants.
type seen struct{}

func (seen) vouched(time.Time, uint64, error) {}

func (seen) lately(time.Time, uint64) bool { return false }

func (seen) got(uint64) {}

func (seen) last(err error) (uint64, error) { return 0, err }

func (seen) join(fn func() (uint64, error)) (uint64, error) { return fn() }
