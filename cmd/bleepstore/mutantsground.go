package main

import (
	"context"
	"fmt"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
	"bleepstore/fault"
	"bleepstore/reference"
)

// groundServer is the reference server, with bugs of its own.
const groundServer = "server"

// grounds are where this program can plant bugs: in its own server, or before the
// one that o names.
func grounds(o conformance.Options) map[string]mutation.Ground {
	return map[string]mutation.Ground{groundServer: serverGround(o)}
}

// serverGround opens a reference server in this process.
func serverGround(o conformance.Options) mutation.Ground {
	return func(ctx context.Context) (*mutation.Site, error) {
		at := o
		if len(at.Features) == 0 {
			at.Profile = "core" // and what Embed adds
		}
		shut, err := embed(ctx, &at, reference.Memory, "")
		if err != nil {
			return nil, err
		}
		return &mutation.Site{Options: at, Subject: planted{}, Close: func(context.Context) error { return shut() }}, nil
	}
}

// planted are the bugs of this program.
type planted struct{}

func (planted) Mutants() []fault.Mutant { return fault.Bugs() }
func (planted) Unplant()                { fault.Unplant() }
func (planted) Trace(on bool)           { fault.TraceBugs(on) }
func (planted) Met() []string           { return fault.Met() }

func (planted) Plant(name string) error {
	fault.Unplant()
	if !fault.Plant(name) {
		return fmt.Errorf("there is no bug %s", name)
	}
	return nil
}
