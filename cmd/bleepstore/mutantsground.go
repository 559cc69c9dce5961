package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
	"bleepstore/fault"
	"bleepstore/fault/liar"
	"bleepstore/reference"
)

// The grounds of a matrix.
const (
	groundServer = "server" // the reference server, with bugs of its own
	groundLiar   = "liar"   // a server with a liar before it
)

// grounds are where this program can plant bugs: before the server that o names, or
// in its own and before that.
func grounds(o conformance.Options) map[string]mutation.Ground {
	if len(o.Endpoint) > 0 {
		return map[string]mutation.Ground{groundLiar: foreignGround(o)}
	}
	return map[string]mutation.Ground{groundServer: serverGround(o), groundLiar: liarGround(o)}
}

// serverGround opens a reference server in this process.
func serverGround(o conformance.Options) mutation.Ground {
	return func(ctx context.Context) (*mutation.Site, error) {
		at := impatient(o)
		shut, err := embed(ctx, &at, reference.Memory, "")
		if err != nil {
			return nil, err
		}
		return &mutation.Site{Options: at, Subject: planted{}, Close: func(context.Context) error { return shut() }}, nil
	}
}

// impatient are the options for a server that is in this process: what does not come
// within the seconds by which its clock is told will not come, and nothing need be
// removed from it, which would be the occasion of more bugs than the scenarios are.
func impatient(o conformance.Options) conformance.Options {
	o.Leave()
	o.Settle, o.Timeout = min(o.Settle, 4*time.Second), min(o.Timeout, 10*time.Second)
	return o
}

// liarGround opens a reference server in this process, and a liar before it, which
// TLS goes round.
func liarGround(o conformance.Options) mutation.Ground {
	return func(ctx context.Context) (*mutation.Site, error) {
		at := impatient(o)
		shut, err := embed(ctx, &at, reference.Memory, "")
		if err != nil {
			return nil, err
		}
		site, err := before(at, func(string) string { return "" })
		if err != nil {
			return nil, errors.Join(err, shut())
		}
		away := site.Close
		site.Close = func(ctx context.Context) error { return errors.Join(away(ctx), shut()) }
		return site, nil
	}
}

// foreignGround puts a liar before the server that o names.
func foreignGround(o conformance.Options) mutation.Ground {
	return func(context.Context) (*mutation.Site, error) { return before(o, os.Getenv) }
}

// before puts a liar before the endpoint of o.
func before(o conformance.Options, getenv func(string) string) (*mutation.Site, error) {
	l, err := newLiar(o, "", 1, getenv)
	if err != nil {
		return nil, err
	}
	o.Endpoint = []string{l.URL().String()}
	return &mutation.Site{Options: o, Subject: lying{l}, Close: func(context.Context) error { return l.Close() }}, nil
}

// lying are the lies of a liar.
type lying struct{ *liar.Liar }

func (lying) Mutants() []fault.Mutant   { return liar.Lies() }
func (l lying) Plant(name string) error { return l.Tell(name) }
func (l lying) Unplant()                { _ = l.Tell("") } // the truth can always be told

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
