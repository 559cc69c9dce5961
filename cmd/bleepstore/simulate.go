package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim"
	"bleepstore/fault/sim/campaign"
	"bleepstore/fault/sim/script"
	"bleepstore/scenarios/consistency"
)

// simFlags let chaos run in virtual time instead of against a server.
type simFlags struct {
	Sim       string        `placeholder:"LEVEL" help:"Simulate a cluster in virtual time, with faults drawn from the seed: raft (log, metadata, replicated blobs) or full (the whole server, to its sockets)."`
	Minutes   float64       `placeholder:"N" help:"Of a simulation: virtual minutes in all, 10 unless told; many runs, each with a seed of its own."`
	Length    time.Duration `placeholder:"DURATION" help:"Of a simulation: virtual length of one run (2m; with --seeds 30s)."`
	Seeds     int           `placeholder:"N" help:"Of a simulation: so many runs, instead of --minutes; 1 is that of --seed alone."`
	Jobs      int           `default:"2" placeholder:"N" help:"Of a simulation: runs at a time, each a process."`
	KeepGoing bool          `help:"Of a simulation: go on after a violation."`
	Shared    bool          `help:"Of a simulation at the level raft: bodies lie in one store that all nodes share, as in a cloud."`
	Script    string        `placeholder:"NAME" help:"Of a simulation: do what a schedule says that stands in this program: ${scripts}."`
	Shrink    time.Duration `default:"2m" placeholder:"DURATION" help:"Of a simulation: longest search for a smaller schedule that fails, too; 0s: none, and no reruns."`
	Mutant    []string      `sep:"," placeholder:"NAME" help:"Plant a bug in the server that runs for it, as BLEEPSTORE_MUTANT does; only in programs built with -tags mutants."`
}

// simGroups are the faults of a simulation that names none.
var simGroups = []string{"partition", "net", "kill", "pause", "clock", "snapshot", "membership", "disk"}

// simulate runs a campaign of simulations and exits with the code of its verdict.
func (c *chaosCmd) simulate(ctx context.Context, nemesis []string, schedule string) error {
	if len(nemesis) == 0 {
		nemesis = simGroups
	}
	if slices.Equal(nemesis, []string{"none"}) {
		nemesis = nil
	}
	g, err := c.campaign(nemesis, schedule)
	if err != nil {
		return err
	}
	fmt.Printf("simulating level %s, %d nodes: %d runs of %s, seed %d, faults %s\n", g.Job.Level, g.Job.Nodes, g.Runs, g.Job.Length,
		g.Job.Seed, cmp.Or(schedule, c.Script, strings.Join(nemesis, ","), "none"))
	sum, err := g.Run(ctx)
	if err != nil && ctx.Err() != nil {
		fmt.Printf("\nINTERRUPTED after %d runs, %d of which were not good: nothing is told of the rest\n", sum.Runs, len(sum.Failed))
		return exitWith(conformance.ExitInterrupted)
	} else if err != nil {
		return err
	}
	sum.Write(os.Stdout)
	if c.Out != "" {
		text, err := json.MarshalIndent(sum, "", "  ")
		if err == nil {
			err = os.WriteFile(filepath.Join(c.Out, "summary.json"), append(text, '\n'), 0o644)
		}
		if err != nil {
			return unwritten(err)
		}
	}
	switch sum.Outcome() {
	case sim.Violation:
		return exitWith(conformance.ExitViolation)
	case sim.Inconclusive:
		return exitWith(conformance.ExitInconclusive)
	}
	return nil
}

// campaign is what the flags ask for.
func (c *chaosCmd) campaign(nemesis []string, schedule string) (*campaign.Campaign, error) {
	if c.Sim != sim.LevelRaft && c.Sim != sim.LevelFull {
		return nil, usage("--sim %s: want raft or full", c.Sim)
	}
	if c.Nodes == 0 {
		c.Nodes = 3
	}
	if c.Nodes < 1 || c.Nodes > mostNodes || c.Jobs < 1 || c.Seeds < 0 || c.Minutes < 0 || c.Length < 0 {
		return nil, usage("--sim: want 1 to %d --nodes, and nothing below zero", mostNodes)
	}
	if c.Endpoint != nil || c.Backend != "" || c.Data != "" || c.Clients != 0 || c.Workload != nil && c.Sim != sim.LevelFull {
		return nil, usage("--sim simulates everything: leave out what is said of a server and its clients")
	}
	if c.Shared && c.Sim != sim.LevelRaft {
		return nil, usage("--shared: nodes share a store at the level raft")
	}
	for _, name := range c.Workload {
		if !slices.Contains(consistency.Names(), name) {
			return nil, usage("--workload %q: want one of %s", name, strings.Join(consistency.Names(), ", "))
		}
	}
	if _, err := fault.Choose(nemesis); err != nil {
		return nil, usage("--nemesis: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &campaign.Campaign{
		Command: []string{self, "sim-run"}, Jobs: c.Jobs, Say: os.Stdout, KeepGoing: c.KeepGoing, Out: c.Out, Shrinking: c.Shrink,
		Job: campaign.Job{Level: c.Sim, Seed: c.Seed, Nodes: c.Nodes, Kinds: nemesis, Mutants: c.Mutant, Workload: c.Workload, Shared: c.Shared},
	}
	if g.Out != "" {
		if g.Out, err = filepath.Abs(c.Out); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(g.Out, 0o755); err != nil {
			return nil, unwritten(err)
		}
	}
	return g, c.lengths(g, schedule)
}

// lengths says how many runs there are, and how long each is.
func (c *chaosCmd) lengths(g *campaign.Campaign, schedule string) error {
	length := cmp.Or(c.Length, 2*time.Minute)
	switch {
	case schedule != "" || c.Script != "":
		text, s, err := c.scheduled(schedule)
		if err != nil {
			return err
		}
		if c.Seed == 0 {
			g.Job.Seed = s.Seed
		}
		g.Job.Schedule, g.Job.Nodes, length = text, s.Nodes, time.Duration(s.Length)
		g.Runs = max(1, c.Seeds)
	case c.Seeds > 0:
		length = cmp.Or(c.Length, 30*time.Second)
		g.Runs = c.Seeds
	default:
		minutes := time.Duration(cmp.Or(c.Minutes, 10) * float64(time.Minute))
		g.Runs = max(1, int((minutes+length-1)/length))
		if c.Length == 0 {
			length = minutes / time.Duration(g.Runs)
		}
	}
	if g.Job.Schedule == nil && length < leastSimulation {
		return usage("--length %s: faults, and quiet before and after, need %s at least", length, leastSimulation)
	}
	for g.Job.Seed == 0 {
		g.Job.Seed = rand.Uint64N(1 << 32) // short enough to type
	}
	g.Job.Length = fault.Span(length)
	nemesis := strings.Join(g.Job.Kinds, ",")
	g.Repeat = func(seed uint64, file string) string {
		out := fmt.Sprintf("bleepstore chaos --sim=%s --seeds=1", g.Job.Level)
		if file == "" {
			out += fmt.Sprintf(" --seed=%d", seed)
		}
		switch file = cmp.Or(file, schedule); {
		case file != "":
			out += " --schedule=" + file
		case c.Script != "":
			out += " --script=" + c.Script
		default:
			out += fmt.Sprintf(" --nodes=%d --length=%s --nemesis=%s", g.Job.Nodes, length, cmp.Or(nemesis, "none"))
		}
		if c.Shared {
			out += " --shared"
		}
		if len(c.Workload) > 0 {
			out += " --workload=" + strings.Join(c.Workload, ",")
		}
		if len(c.Mutant) > 0 {
			out += " --mutant=" + strings.Join(c.Mutant, ",")
		}
		return out
	}
	return nil
}

// scheduled reads what is done where that is not drawn.
func (c *chaosCmd) scheduled(file string) (text []byte, s fault.Schedule, err error) {
	name := "--schedule " + file
	switch {
	case file != "" && c.Script != "":
		return nil, s, usage("--schedule and --script both say all that is done: give one of them")
	case c.Script != "":
		name = "--script " + c.Script
		text, err = script.Read(c.Script)
	default:
		text, err = os.ReadFile(file)
	}
	if err == nil {
		s, err = fault.ReadSchedule(bytes.NewReader(text))
	}
	if err != nil {
		err = usage("%s: %w", name, err)
	}
	return text, s, err
}

// leastSimulation is the shortest run that shows anything.
const leastSimulation = 10 * time.Second

// simRunCmd is one simulation: chaos starts itself anew for each. A signal just
// ends it: to listen for one takes threads, whose race changes what a seed plays.
type simRunCmd struct{}

// Run runs the job that stands in the standard input.
func (simRunCmd) Run() error {
	return campaign.Child(context.Background(), os.Stdin, os.Stdout)
}
