package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/scenarios/consistency"
)

const (
	stormTimeout = 4 * time.Second // of a request: nodes that stand still must not hold everybody up
	leastStorm   = 6 * time.Second
)

// faultFlags say what is done to the server while clients are at it.
type faultFlags struct {
	Nemesis  []string      `sep:"," placeholder:"FAULT" help:"What disturbs the server meanwhile: groups or kinds of faults, as bleepstore list --faults tells them; none when none is named."`
	Schedule string        `placeholder:"FILE" help:"Do what a schedule.json says, instead of drawing a schedule from the seed."`
	Topology string        `placeholder:"FILE" help:"Start the nodes of any server as this file says (fault/process/TOPOLOGY.md), and disturb them."`
	Command  string        `name:"nemesis-cmd" placeholder:"COMMAND" help:"Program that does the faults of a cluster that runs elsewhere, at --endpoint (fault/process/NEMESIS.md); several words are its first arguments."`
	MinRate  float64       `default:"50" placeholder:"N" help:"Successful operations a second that a run with faults needs before, during and after them, where a quorum of the nodes lives; else it shows nothing."`
	Recovery time.Duration `name:"expect-recovery" placeholder:"DURATION" help:"Longest wait for the first success after faults have ended that passes; none: more than 5s is only told."`
}

// disturbs says whether there are to be any faults.
func (f *faultFlags) disturbs() bool {
	return f.Schedule != "" || f.Topology != "" || f.Command != "" || len(f.Nemesis) > 0 && !slices.Equal(f.Nemesis, []string{"none"})
}

func (f *faultFlags) check() error {
	named := len(f.Nemesis) > 0 && !slices.Equal(f.Nemesis, []string{"none"})
	switch {
	case named && f.Schedule != "":
		return usage("--schedule says all that is done: leave out --nemesis")
	case f.Topology != "" && !named && f.Schedule == "":
		return usage("--topology is for a run with faults: give --nemesis or --schedule")
	case f.Command != "" && !named && f.Schedule == "":
		return usage("--nemesis-cmd is for a run with faults: give --nemesis or --schedule")
	case f.MinRate < 0 || f.Recovery < 0:
		return usage("--min-rate and --expect-recovery: want none below zero")
	}
	if named {
		if _, err := fault.Choose(f.Nemesis); err != nil {
			return usage("--nemesis: %w; bleepstore list --faults tells what there is", err)
		}
	}
	return nil
}

// repeat is what the flags add to the command that repeats a run.
func (f *faultFlags) repeat() (out string) {
	add := func(there bool, format string, value any) {
		if there {
			out += fmt.Sprintf(" --"+format, value)
		}
	}
	add(f.Topology != "", "topology=%s", f.Topology)
	add(f.Command != "", "nemesis-cmd='%s'", strings.ReplaceAll(f.Command, "'", `'\''`))
	add(len(f.Nemesis) > 0 && f.disturbs(), "nemesis=%s", strings.Join(f.Nemesis, ","))
	add(f.Schedule != "", "schedule=%s", f.Schedule)
	add(f.disturbs() && f.MinRate != 50, "min-rate=%g", f.MinRate)
	add(f.Recovery > 0, "expect-recovery=%s", f.Recovery)
	return out
}

// planned is what is done: drawn from the seed, or read. A seed that nobody gave
// is settled by it.
func (c *chaosCmd) planned() (fault.Schedule, error) {
	if c.Schedule != "" {
		file, err := os.Open(c.Schedule)
		if err != nil {
			return fault.Schedule{}, usage("--schedule: %w", err)
		}
		defer file.Close()
		s, err := fault.ReadSchedule(file)
		if err != nil {
			return s, usage("--schedule %s: %w", c.Schedule, err)
		}
		c.Seed = cmp.Or(c.Seed, s.Seed, 1)
		return s, nil
	}
	if c.Time < leastStorm {
		return fault.Schedule{}, usage("--time %s: faults, and quiet before and after, need %s at least", c.Time, leastStorm)
	}
	kinds, err := fault.Choose(c.Nemesis)
	if err != nil {
		return fault.Schedule{}, err
	}
	c.Seed = cmp.Or(c.Seed, 1+rand.Uint64N(1<<32-1)) // short enough to type
	return fault.Draw(c.Seed, fault.Plan{Kinds: kinds, Nodes: 1, Length: c.Time, Longest: min(10*time.Second, c.Time/6), Gap: min(2*time.Second, c.Time/20)})
}

// disturbsRequests says whether a schedule has faults of requests, for which a
// proxy has to stand before each node.
func disturbsRequests(s fault.Schedule) bool {
	return slices.ContainsFunc(s.Events, func(e fault.Event) bool {
		k, _ := fault.Find(e.Kind)
		return k.Group == "http"
	})
}

// disturb is a run with faults.
func (c *chaosCmd) disturb(ctx context.Context, in *interrupt, chosen []consistency.Workload, expect model.Level) (err error) {
	schedule, err := c.planned()
	if err != nil {
		return err
	}
	c.Time, c.Timeout = time.Duration(schedule.Length), cmp.Or(c.Timeout, stormTimeout)
	s := &storm{
		hunt:     &hunt{expect: expect, out: os.Stdout, dir: c.Out, options: consistency.Options{Clients: c.Clients}},
		schedule: schedule, engine: c.options(), header: c.header, gate: history.Faults{MinRate: c.MinRate, Recovery: c.Recovery},
	}
	for _, w := range chosen {
		s.works = append(s.works, w.Name)
	}
	if s.ground, err = c.hold(ctx, c.Seed, disturbsRequests(s.schedule)); err != nil {
		if ctx.Err() != nil {
			return exitWith(conformance.ExitInterrupted)
		}
		return err
	}
	n := len(s.ground.target.Nodes())
	if c.Schedule != "" && s.schedule.Nodes != n {
		return errors.Join(usage("--schedule %s is for %d nodes, and there are %d", c.Schedule, s.schedule.Nodes, n), s.end(ctx))
	}
	s.schedule.Nodes = n
	return s.run(ctx, in)
}

// run goes through all steps of a storm.
func (s *storm) run(ctx context.Context, in *interrupt) (err error) {
	defer func() { // whatever happens
		if eerr := s.end(ctx); err == nil {
			err = eerr
		}
	}()
	if err := s.start(ctx, in); err != nil {
		if ctx.Err() != nil {
			return exitWith(conformance.ExitInterrupted)
		}
		return err
	}
	f := s.rage(ctx)
	s.settle(ctx, &f)
	if err := s.end(ctx); err != nil {
		s.open = append(s.open, err.Error())
	}
	if err := s.weigh(ctx, &f); err != nil {
		return err
	}
	if code := s.exitCode(ctx.Err() != nil); code != 0 {
		return exitWith(code)
	}
	return nil
}

// listFaults tells every kind of fault.
func listFaults(w io.Writer, asJSON bool) error {
	type row struct {
		Name  string `json:"name"`
		Group string `json:"group"`
		Says  string `json:"says"`
		Brief bool   `json:"brief,omitempty"`
		Rare  bool   `json:"rare,omitempty"`
	}
	var all []row
	for _, k := range fault.Kinds() {
		all = append(all, row{k.Name, k.Group, k.Says, k.Brief, k.Rare})
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range all {
		group := r.Group
		if r.Rare {
			group += " (by its name only)"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", r.Name, group, r.Says)
	}
	return tw.Flush()
}
