package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	"bleepstore/reference"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

type testCmd struct {
	conformance.Options `embed:""`
	Workers             int  `name:"workers" short:"j" default:"4" help:"Scenarios at a time."`
	Verbose             bool `name:"verbose" short:"v" help:"Show every exchange of a failure, not just the last."`
}

// Help says what a run does to a server, and how it ends.
func (c *testCmd) Help() string {
	return `Without --endpoint this program's own server is tested. What a run makes are buckets of its own, bleep-..., which it
removes; --bucket keeps it to one. A server whose answers are slow is judged as any other: a scenario has as much
longer as they take beyond a tenth of a second each, up to ten minutes. A request that is not answered within
--timeout-request counts as one without an answer.

Exit codes, the first that holds: 130 interrupted, and cleaned up; 1 a gating fail, silent or unsupported; 5 a baseline
entry that has expired or names nothing or, with --strict-baseline, no longer fails; 6 a gating blocked, skipped or
error; 7 something could not be removed: bleepstore cleanup does that; 0 all as expected. 2 is for usage and an empty
selection, 3 for a server that cannot be reached or refuses the keys; nothing is judged then.`
}

// Run tests one server and exits with the code of its verdicts.
func (c *testCmd) Run() error {
	whole, err := c.testAndTell()
	if _, said := errors.AsType[exitWith](err); err != nil && !said {
		return errors.Join(err, report.ErrorToGitHub(os.Stdout, os.Getenv, err))
	} else if err != nil {
		return err
	}
	if err := report.ToGitHub(os.Stdout, os.Getenv, whole); err != nil {
		return err
	}
	if code := conformance.ExitCode(whole); code != 0 {
		return exitWith(code)
	}
	return nil
}

// testAndTell runs the suite, tells of it and writes the files.
func (c *testCmd) testAndTell() (whole *report.Run, err error) {
	resume, err := report.QuietCommands(os.Stdout, os.Getenv)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resume()) }()
	plan, whole, err := c.test()
	if err != nil {
		return nil, err
	}
	return whole, c.tell(plan, whole)
}

// test runs the suite and cleans up after it; what comes back is yet to be
// told of. An interruption before anything was made is an exitWith.
func (c *testCmd) test() (plan *conformance.Plan, whole *report.Run, err error) {
	ctx, stop := interruptible()
	defer stop.release()
	endpointFromEnvironment(&c.Options, os.Getenv)
	if len(c.Endpoint) == 0 {
		shut, serr := embed(ctx, &c.Options, reference.Memory, "")
		if serr != nil {
			return nil, nil, serr
		}
		defer func() {
			if serr := shut(); err == nil {
				err = serr
			}
		}()
	}
	if plan, err = conformance.NewPlan(c.Options, scenarios.All(), os.Getenv); err != nil {
		return nil, nil, err
	}
	run, err := conformance.Open(ctx, plan)
	if err != nil && ctx.Err() != nil {
		return nil, nil, exitWith(conformance.ExitInterrupted) // nothing was made yet
	} else if err != nil {
		return nil, nil, err
	}
	stop.ledger.Store(run.Ledger())
	if err := report.WritePreflight(os.Stdout, run.Report(nil, false)); err != nil {
		return nil, nil, err
	}
	results, err := c.check(ctx, run)
	left, file, cerr := run.Close(context.WithoutCancel(ctx))
	if err == nil {
		err = cerr
	}
	if err != nil {
		return nil, nil, err
	}
	whole = run.Report(results, ctx.Err() != nil)
	whole.Leftover, whole.Ledger = left, file
	return plan, whole, nil
}

// check runs everything and tells of it as it comes.
func (c *testCmd) check(ctx context.Context, run *conformance.Run) ([]scenarios.Result, error) {
	keep := 1
	if c.Verbose {
		keep = report.AllExchanges
	}
	p := newProgress(len(run.Plan.Items), keep, c.repeat(run.Plan))
	results := run.All(ctx, c.Workers, p.Add)
	return results, p.Close()
}

// newProgress tells of a run on standard output, with the last keep exchanges
// of each failure.
func newProgress(total, keep int, repeat func(scenarios.Result) string) *report.Progress {
	live := report.Terminal(os.Stdout)
	return &report.Progress{Out: os.Stdout, Total: total, Live: live, Color: live && os.Getenv("NO_COLOR") == "",
		Keep: keep, Now: time.Now, Repeat: repeat}
}

func (c *testCmd) repeat(plan *conformance.Plan) func(scenarios.Result) string {
	return func(r scenarios.Result) string { return plan.RepeatResult("bleepstore test", r) }
}

// tell writes what only the whole run shows, and the files.
func (c *testCmd) tell(plan *conformance.Plan, whole *report.Run) error {
	for _, res := range whole.Gating() {
		if conformance.IsInvariant(res.ID) {
			fmt.Printf("\n%s", report.Failure(res, report.AllExchanges, c.repeat(plan)(res)))
		}
	}
	fmt.Println()
	if err := report.WriteVerdicts(os.Stdout, whole); err != nil {
		return err
	}
	if c.Out != "" {
		if err := report.Write(c.Out, whole); err != nil {
			return err
		}
		fmt.Printf("reports in %s\n", c.Out)
	}
	tellLeftover(os.Stdout, whole)
	return nil
}

func tellLeftover(w io.Writer, whole *report.Run) {
	if len(whole.Leftover) > 0 {
		fmt.Fprintf(w, "not removed: %s\nfinish with: bleepstore cleanup --ledger %s\n", strings.Join(whole.Leftover, " "), whole.Ledger)
	}
}

// endpointFromEnvironment honours the variables that S3 clients share.
func endpointFromEnvironment(o *conformance.Options, getenv func(string) string) {
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if v := getenv(name); len(o.Endpoint) == 0 && v != "" {
			o.Endpoint = []string{v}
		}
	}
}
