package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
	"bleepstore/fault"
	"bleepstore/fault/sim/campaign"
)

type mutantsCmd struct {
	conformance.Options `embed:""`
	Only                []string `sep:"," placeholder:"GLOB" help:"Only bugs whose names match one of the globs."`
	Seeds               int      `default:"1" help:"Under how many seeds, from --seed on, the server has to pass without bugs."`
	Control             int      `default:"6" help:"Scenarios of each area that a bug must leave alone, at most; they are drawn by the seed."`
	Fast                bool     `help:"Of each bug only the scenarios that it names, until one fails, which is run without the bug too: no control, no command lines, and nothing of what kills nothing."`
	Sample              int      `placeholder:"N" help:"With --fast: draw N bugs by the seed, of each area one at least. Which they are another day another seed says."`
	Workers             int      `name:"workers" short:"j" default:"4" help:"Bugs at a time, each in a process of its own."`
}

// Help is kong's.
func (c *mutantsCmd) Help() string {
	return `Without --endpoint this program's own server is given each bug that it can have (only programs built with -tags mutants can have any: make mutants), and each lie of a proxy before it. First every scenario that gates is run without any, and it is noted which bugs each had the occasion of. With a bug, the scenarios that it names are run until one fails, the killer; then a control of every other area, and the rest of its own areas. Scenarios that never had its occasion pass, as they do without it. Of the control of an area one is run first, and up to --control where that does not pass. A scenario that has nothing to wait for without bugs waits half a second for changes with one; under a further seed it waits as long as ever.

A bug is killed when a scenario that it names ends as fail or silent, passes without the bug under the same seed, and at least 80% of the other areas pass; an area passes when at least 80% of its scenarios do. Where more fails the bug is broad, which counts for nothing. Bugs that the suite alone cannot find say by which command line of this program they are found: it exits 4 with the bug, and 0 without.

With --endpoint the proxy lies before that server. A lie is found when a scenario that passes there fails with it; where nothing that passes there can show it, there is no ground. --id leaves scenarios out.

Exit codes: 0 every bug was killed, and no scenario failed without one; 1 a bug was not killed, or a scenario failed without one; 2 wrong usage, or nothing to run; 3 the server cannot be tested; 5 all were killed, but scenarios that kill nothing are more than a tenth, or nobody says why they do not; 6 all that could run were killed, but some could not; 130 interrupted.`
}

// Run runs the matrix and exits with the code of what it found.
func (c *mutantsCmd) Run() error {
	if err := c.check(); err != nil {
		return err
	}
	excuses, err := mutation.LoadExcuses()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop.release()
	for c.Seed == 0 {
		c.Seed = rand.Uint64N(1 << 32)
	}
	foreign := len(c.Endpoint) > 0
	m := &mutation.Matrix{Start: func() (mutation.Worker, error) { return startWorker(c.Options) }, Workers: c.Workers, Only: c.Only,
		Seed: c.Seed, Seeds: c.Seeds, Control: c.Control, Fast: c.Fast, Sample: c.Sample, Killers: mutation.Killers(), Foreign: foreign, Excuses: excuses,
		Command: command(c.Options), Codes: mutation.Codes{Found: conformance.ExitViolation, Sound: conformance.ExitOK, Here: conformance.ExitPreflight},
		Say: func(line string) { fmt.Println(line) }}
	fmt.Printf("seed %d\n", c.Seed)
	r, err := m.Run(ctx)
	switch {
	case ctx.Err() != nil && r == nil:
		return exitWith(conformance.ExitInterrupted)
	case errors.Is(err, mutation.ErrNothing):
		return usage("%w; bleepstore list --mutants tells what there is", err)
	case err != nil:
		return &conformance.Error{Code: conformance.ExitPreflight, Err: err}
	}
	r.Endpoint = strings.Join(c.Endpoint, ",")
	return c.tell(r)
}

// check refuses what makes no sense here.
func (c *mutantsCmd) check() error {
	endpointFromEnvironment(&c.Options, os.Getenv)
	switch {
	case len(c.Endpoint) == 0 && len(fault.Bugs()) == 0:
		return usage("this program can have no bugs: %w, as make mutants builds one; with --endpoint a proxy lies before any server", campaign.ErrMutant)
	case c.Bucket != "" || c.Baseline != "" || c.FailFast:
		return usage("mutants says itself what is run: leave out --bucket, --baseline and --fail-fast")
	case len(c.ID) > 0 && len(c.Endpoint) == 0:
		return usage("--id is for --endpoint: of our own server every scenario is run, as a control at least")
	case c.Sample < 0 || c.Sample > 0 && !c.Fast:
		return usage("--sample is for --fast, and wants a number of bugs")
	case c.Seeds < 1 || c.Control < 1 || c.Workers < 1:
		return usage("--seeds, --control and -j: want one at least")
	case len(c.Endpoint) > 1:
		return usage("--endpoint: the proxy stands before one server")
	}
	return nil
}

// tell tells of the whole, and writes the files.
func (c *mutantsCmd) tell(r *mutation.Report) error {
	if err := r.Write(os.Stdout); err != nil {
		return err
	}
	if c.Out != "" {
		if err := r.WriteFiles(c.Out); err != nil {
			return err
		}
		fmt.Printf("mutants.json and mutants.md in %s\n", c.Out)
	}
	for _, row := range r.Mutants {
		if row.Verdict != mutation.Killed && len(c.Endpoint) == 0 {
			how := "--fast "
			if row.By != "" {
				how = ""
			}
			fmt.Printf("again: %s mutants %s--seed %d --only %s\n", os.Args[0], how, r.Seed, row.Name)
		}
	}
	if code := mutantsCode(r); code != conformance.ExitOK {
		return exitWith(code)
	}
	return nil
}

// mutantsCode is what a matrix ends with: the gravest of what it found.
func mutantsCode(r *mutation.Report) int {
	alive := r.Selected - len(r.Of(mutation.Killed)) - len(r.Of(mutation.NotRun)) - len(r.Of(mutation.NoGround))
	switch {
	case r.Interrupted:
		return conformance.ExitInterrupted
	case alive > 0 || len(r.Alarms) > 0:
		return conformance.ExitFailed
	case !r.Foreign && !r.Killed() || len(r.Of(mutation.NotRun)) > 0 || len(r.Of(mutation.Killed)) == 0:
		return conformance.ExitInconclusive
	case len(r.Unexplained()) > 0 || len(r.Unknown) > 0 || 10*len(r.Unkilled) > r.Gating:
		return conformance.ExitUnexpected
	case len(r.Ledgers) > 0:
		return conformance.ExitLeftover
	}
	return conformance.ExitOK
}
