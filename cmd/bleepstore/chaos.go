package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/conformance/report"
	"bleepstore/reference"
	"bleepstore/scenarios"
	"bleepstore/scenarios/consistency"
)

type chaosCmd struct {
	Endpoint   []string      `sep:"," placeholder:"URL" help:"The server under test; several URLs, comma-separated, are nodes of one server, and clients spread over them. None: a reference server, embedded, or as --nodes says."`
	Nodes      int           `placeholder:"N" help:"Start a cluster of so many nodes on this machine for the run, each a process, 1 to 7; clients spread over them."`
	Data       string        `placeholder:"DIR" help:"Directory of that cluster, as of bleepstore cluster, which stays; none: a temporary one, removed afterwards."`
	Backend    string        `placeholder:"NAME" help:"Backend of the reference server: memory, local, sqlite, or aws, gcp or azure in the bucket that the environment names, as BLEEPSTORE_STORAGE_AWS_BUCKET (memory; of a cluster local)."`
	AccessKey  string        `help:"Access key; else AWS_ACCESS_KEY_ID, else AWS_PROFILE."`
	SecretKey  string        `help:"Secret key; else AWS_SECRET_ACCESS_KEY."`
	Region     string        `help:"Region to sign for; else AWS_REGION, else us-east-1."`
	Bucket     string        `help:"Run in this bucket alone: it must be empty, is never changed itself and is left empty."`
	Addressing string        `default:"path" enum:"path,virtual" help:"path, or virtual (Host: bucket.host, dialled to the endpoint)."`
	Settle     time.Duration `default:"10s" help:"Longest wait for a new bucket and its configuration."`
	Timeout    time.Duration `name:"timeout-request" placeholder:"DURATION" help:"Longest wait for one request; what became of it is unclear then (10s; with faults 4s)."`
	Rate       float64       `help:"At most so many requests a second; 0 is no limit."`
	Insecure   bool          `name:"k" short:"k" help:"Do not verify the server's TLS certificate."`

	Workload    []string      `sep:"," placeholder:"NAME" help:"What the clients do: ${workloads}; all of them when none is named. They run one after the other, with faults all at once."`
	Time        time.Duration `default:"10s" help:"How long each workload runs; with faults, the whole run."`
	Clients     int           `placeholder:"N" help:"Clients at a time; 0: as many as each workload says."`
	Seed        uint64        `help:"Seed of all that the clients choose; 0 picks one and prints it."`
	ExpectLevel string        `placeholder:"LEVEL" help:"Level that gates beside raw: register, cas, list or list-atomic; of a workload no more than it can show."`
	Out         string        `placeholder:"DIR" help:"Write history.jsonl, verdict.json, chart.svg and drawings of failing keys there; with faults schedule.json, diary.json, timeline.txt and the nodes' logs too."`

	faultFlags `embed:"" group:"Faults:"`
	layerFlags `embed:"" group:"Faults:"`
	simFlags   `embed:"" group:"Simulation:"`
}

// Help says what the verdict is of, and how a run ends.
func (c *chaosCmd) Help() string {
	return `The levels of consistency, each with what is below it: eventual, raw (what AWS documents), register, cas, list,
list-atomic. What the clients saw is judged when they have ended; a level that is not shown comes with a short
counterexample.

` + verdictCodes + ` 3 the server cannot be reached or refuses the keys; 7 something could not be removed; 130
interrupted; 2 usage.`
}

// verdictCodes are the exit codes of a verdict on histories.
const verdictCodes = `Exit codes: 0 no history breaks raw, nor the level of --expect-level; 4 one does, or nodes that
have applied the same differ; 1 a run with faults shows something else that gates; 6 the histories are too thin to
tell, or could not be judged;`

// Run lets the workloads loose on one server and exits with the code of the
// verdict on their histories.
func (c *chaosCmd) Run() (err error) {
	if err := c.enter(); err != nil {
		return err
	}
	if err := c.plant(); err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop.release()
	if c.Sim != "" {
		return c.simulate(ctx, c.Nemesis, c.Schedule)
	}
	if c.Script != "" {
		return usage("--script is for --sim")
	}
	chosen, expect, err := c.parse()
	if err != nil {
		return err
	}
	if c.disturbs() {
		return c.disturb(ctx, stop, chosen, expect)
	}
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	o := c.options()
	if c.Nodes == 0 && c.Backend == "" {
		endpointFromEnvironment(&o, os.Getenv)
	}
	shut, err := c.serve(ctx, &o)
	if err != nil && ctx.Err() != nil {
		return exitWith(conformance.ExitInterrupted)
	} else if err != nil {
		return err
	}
	defer func() {
		if serr := shut(); err == nil {
			err = serr
		}
	}()
	return c.hunt(ctx, stop, o, chosen, expect)
}

// hunt lets the workloads loose on the target of o, which runs.
func (c *chaosCmd) hunt(ctx context.Context, stop *interrupt, o conformance.Options, chosen []consistency.Workload, expect model.Level) error {
	hunt := &hunt{expect: expect, out: os.Stdout, options: consistency.Options{Duration: c.Time, Clients: c.Clients}, rec: history.NewRecorder(nil)}
	plan, err := conformance.NewPlan(o, hunt.scenarios(chosen), os.Getenv)
	if err != nil {
		return err
	}
	run, err := conformance.Open(ctx, plan)
	if err != nil && ctx.Err() != nil {
		return exitWith(conformance.ExitInterrupted) // nothing was made yet
	} else if err != nil {
		return err
	}
	stop.ledger.Store(run.Ledger())
	results, err := c.loose(ctx, run, hunt)
	left, file, cerr := run.Close(context.WithoutCancel(ctx))
	if err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	whole := run.Report(results, ctx.Err() != nil)
	whole.Leftover, whole.Ledger = left, file
	tellLeftover(os.Stdout, whole)
	if code := hunt.exitCode(whole); code != 0 {
		return exitWith(code)
	}
	return nil
}

// loose runs the workloads, one after the other, and tells what was found.
func (c *chaosCmd) loose(ctx context.Context, run *conformance.Run, h *hunt) ([]scenarios.Result, error) {
	if err := report.WritePreflight(os.Stdout, run.Report(nil, false)); err != nil {
		return nil, err
	}
	fmt.Println()
	if err := h.open(c.Out, c.header(run.Plan)); err != nil {
		return nil, err
	}
	var results []scenarios.Result
	for _, it := range run.Plan.Items { // in their own order, not the names'
		if res, ok := run.Check(ctx, it); ok {
			results = append(results, res)
			h.tellUnjudged(res)
		}
	}
	return results, h.close()
}

// parse reads what the flags' types cannot.
func (c *chaosCmd) parse() ([]consistency.Workload, model.Level, error) {
	if c.Time <= 0 || c.Clients < 0 {
		return nil, 0, usage("--time must be above zero, --clients not below")
	}
	if c.Nodes < 0 || c.Nodes > mostNodes {
		return nil, 0, usage("--nodes %d: want 1 to %d", c.Nodes, mostNodes)
	}
	if len(c.Endpoint) > 0 && (c.Nodes > 0 || c.Backend != "" || c.Topology != "") {
		return nil, 0, usage("--endpoint names a server that runs: leave out --nodes, --topology and --backend")
	}
	if err := cmp.Or(c.faultFlags.check(), c.layerFlags.check(c.disturbs(), c.Nodes > 0 || c.Topology != "" || len(c.Endpoint) > 0)); err != nil {
		return nil, 0, err
	}
	if backends := append([]string{"", reference.Local, reference.SQLite, reference.Memory}, clouds...); !slices.Contains(backends, c.Backend) || c.Nodes > 0 && c.Backend == reference.Memory {
		return nil, 0, usage("--backend %s: want local, sqlite, aws, gcp, azure or, without --nodes, memory", c.Backend)
	}
	if _, err := cloudSettings(c.Backend, os.Getenv); err != nil {
		return nil, 0, usage("--backend: %w", err)
	}
	if c.Data != "" && c.Nodes == 0 && c.Topology == "" {
		return nil, 0, usage("--data is where a cluster goes: give --nodes or --topology")
	}
	expect := model.Eventual
	if c.ExpectLevel != "" {
		l, err := model.ParseLevel(c.ExpectLevel)
		if err != nil {
			return nil, 0, usage("--expect-level: %w", err)
		}
		expect = l
	}
	names := c.Workload
	if len(names) == 0 {
		names = consistency.Names()
	}
	var chosen []consistency.Workload
	for _, n := range names {
		found := consistency.Find(n)
		if len(found) == 0 {
			return nil, 0, usage("--workload %q: want one of %s", n, strings.Join(consistency.Names(), ", "))
		}
		for _, w := range found {
			if !slices.ContainsFunc(chosen, func(o consistency.Workload) bool { return o.Name == w.Name }) {
				chosen = append(chosen, w)
			}
		}
	}
	return chosen, expect, nil
}

// options are the engine's: it sees to the target, the ledger and the clean-up.
func (c *chaosCmd) options() conformance.Options {
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Region, o.Insecure = c.Endpoint, c.AccessKey, c.SecretKey, c.Region, c.Insecure
	o.Bucket, o.Addressing, o.Settle, o.Timeout, o.Rate = c.Bucket, c.Addressing, c.Settle, c.Timeout, c.Rate
	o.Seed, o.Out, o.Consistency, o.ExpectLevel = c.Seed, c.Out, c.Time, c.ExpectLevel
	return o
}

// header begins the history of the run.
func (c *chaosCmd) header(plan *conformance.Plan) history.Header {
	p := *plan
	d := conformance.DefaultOptions()
	p.Options.Consistency, p.Options.Features = d.Consistency, nil
	if c.Timeout == 10*time.Second || c.disturbs() && c.Timeout == stormTimeout {
		p.Options.Timeout = d.Timeout // as it is here without being said
	}
	if c.disturbs() && (c.Alone || c.Nodes+len(c.Topology) > 0) { // how such a server is reached is not for the command to say
		p.Options.Region, p.Options.Insecure = c.Region, c.Insecure
	}
	repeat := p.Repeat("bleepstore chaos", "")
	if c.Nodes > 0 {
		repeat += fmt.Sprintf(" --nodes=%d", c.Nodes)
	}
	if c.Backend != "" {
		repeat += " --backend=" + c.Backend
	}
	if len(c.Workload) > 0 {
		repeat += " --workload=" + strings.Join(c.Workload, ",")
	}
	repeat += fmt.Sprintf(" --time=%s", c.Time)
	if c.Clients > 0 {
		repeat += fmt.Sprintf(" --clients=%d", c.Clients)
	}
	repeat += c.faultFlags.repeat() + c.layerFlags.repeat()
	h := history.Header{Started: time.Now().UTC(), Seed: plan.Target.Seed, Repeat: repeat}
	for _, u := range plan.Target.Endpoints {
		h.Endpoints = append(h.Endpoints, u.String())
	}
	return h
}

// tellUnjudged says why a workload could not be run to its end.
func (h *hunt) tellUnjudged(res scenarios.Result) {
	if res.Verdict != scenarios.Pass {
		_, name, _ := strings.Cut(strings.TrimPrefix(res.ID, "consistency."), ".")
		fmt.Fprintf(h.out, "%-12s %s: %s\n", name, res.Verdict, res.Reason)
	}
}
