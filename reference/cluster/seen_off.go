//go:build !mutants

package cluster

import "time"

// seen is nothing: see that of a program with the tag mutants.
type seen struct{}

func (seen) vouched(uint64, time.Time, error) {}

func (seen) lease(uint64, time.Time) bool { return false }

func (seen) once(uint64) bool { return false }

func (seen) got(uint64) {}

func (seen) last(err error) (uint64, error) { return 0, err }
