package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

const testDoor = "bleepstore test"

type testCmd struct {
	conformance.Options `embed:""`
	Workers             int `name:"workers" short:"j" default:"4" help:"Scenarios at a time."`
}

// Run tests one server and exits with the code of its verdicts.
func (c *testCmd) Run() error {
	c.endpointFromEnvironment(os.Getenv)
	plan, err := conformance.NewPlan(c.Options, scenarios.All(), os.Getenv)
	if err != nil {
		return err
	}
	ctx := context.Background()
	run, err := conformance.Open(ctx, plan)
	if err != nil {
		return err
	}
	if err := report.WritePreflight(os.Stdout, run.Report(nil, false)); err != nil {
		return err
	}
	whole := run.Report(run.All(ctx, c.Workers, nil), false)
	whole.Leftover, whole.Ledger, err = run.Close(ctx)
	if err != nil {
		return err
	}
	for _, res := range whole.Gating() {
		fmt.Println()
		fmt.Print(report.Failure(res, plan.RepeatResult(testDoor, res)))
	}
	fmt.Println()
	if err := report.WriteTable(os.Stdout, whole); err != nil {
		return err
	}
	if len(whole.Leftover) > 0 {
		fmt.Printf("\nnot removed: %s\nfinish with: bleepstore cleanup --ledger %s\n", strings.Join(whole.Leftover, " "), whole.Ledger)
	}
	if code := conformance.ExitCode(whole); code != 0 {
		return exitWith(code)
	}
	return nil
}

// endpointFromEnvironment honours the variables that S3 clients share.
func (c *testCmd) endpointFromEnvironment(getenv func(string) string) {
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if v := getenv(name); len(c.Endpoint) == 0 && v != "" {
			c.Endpoint = []string{v}
		}
	}
}
