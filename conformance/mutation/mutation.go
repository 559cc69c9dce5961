// Package mutation tests the tester: it gives a server one bug after the other,
// runs the scenarios that must find it and others that must not, and says of each
// bug whether it was found, and of each scenario whether it finds anything. It
// knows scenarios and the engine that runs them, and no server: what bugs there
// are, and where they are planted, it is given as Grounds.
package mutation

import (
	"context"

	"bleepstore/conformance"
	"bleepstore/fault"
)

// A Subject is what can have bugs, one at a time, while it serves. Its methods
// are called by one goroutine at a time, none of them while a request is under
// way that matters.
type Subject interface {
	// Mutants returns the bugs that were written by hand.
	Mutants() []fault.Mutant
	// Plant plants the bug of that name and takes out every other one. It is an
	// error where there is none of the name.
	Plant(name string) error
	// Unplant leaves the subject without bugs.
	Unplant()
	// Trace has Met know, or no longer know.
	Trace(on bool)
	// Met returns the names of the bugs whose occasion came up since the last
	// call, while Trace was on. Names that Mutants does not have are those of
	// systematic bugs: they can be planted as well, and exist by the dozen
	// wherever there is an occasion for one.
	Met() []string
}

// A Site is a server that runs, and what can have bugs in it. Whoever opened it
// closes it.
type Site struct {
	Options conformance.Options // how the server is reached
	Subject Subject
	Close   func(ctx context.Context) error
}

// A Ground opens a Site: a server without bugs, and without anything that an
// earlier one was left with, as far as the ground is the program's own.
type Ground func(ctx context.Context) (*Site, error)
