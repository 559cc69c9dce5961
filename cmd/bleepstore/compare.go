package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bleepstore/conformance"
	"bleepstore/conformance/compare"
	"bleepstore/conformance/page"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

type compareCmd struct {
	Results []string `arg:"" optional:"" name:"result" placeholder:"RESULT.json" help:"Finished runs, each called by its folder."`
	Runs    []string `name:"runs" sep:"," placeholder:"NAME=RESULT.json" help:"Finished runs, with names of their own."`
	Targets string   `name:"targets" placeholder:"FILE" help:"YAML list of servers to test now."`
	Only    []string `name:"only" sep:"," placeholder:"NAME" help:"Only these of the targets."`
	ID      []string `name:"id" sep:"," placeholder:"GLOB" help:"Only scenarios whose id or rule matches one of the globs."`
	Seed    uint64   `name:"seed" help:"Seed of all randomness, the same for every target; 0 picks one and prints it."`
	Workers int      `name:"workers" short:"j" default:"4" help:"Scenarios at a time."`

	Out      string `name:"out" default:"out" placeholder:"DIR" help:"Where report.html, REPORT.md and a folder with the result of each target go."`
	Markdown string `name:"markdown" placeholder:"FILE" help:"Write the Markdown there, between its two marks, instead of DIR/REPORT.md."`
}

// Help is shown by --help.
func (c *compareCmd) Help() string {
	return `The targets file is a YAML list; an unknown key is an error. A target has a name, and one of
endpoint (a URL, or several of one server), embedded (this program's own server with that backend: memory, local, sqlite,
or aws, gcp or azure in the bucket that the environment names, as BLEEPSTORE_STORAGE_AWS_BUCKET) and command (a list of words that starts a server; it writes its URL, and in a second line
that of TLS, to the file that stands for ` + addrFileMark + `); note is told to readers. The rest is as for test: tls-endpoint,
access-key, secret-key, alt-access-key, alt-secret-key (or, with -env behind each, the name of the
variable that holds it), region, k, profile, features, addressing, bucket, baseline, strict-baseline.

Exit codes, the first that holds: 130 interrupted, and cleaned up (7 when not all could be); 1 a gating fail, silent or unsupported
of any server that its baseline does not name; 3 a target could not be reached or refused the keys (the
others are shown all the same); 6 a gating blocked, skipped or error; 5 a stale entry of a strict baseline;
7 something could not be removed; 0 all as expected. 2 is for usage and an empty selection; nothing is
run then.`
}

// Run tests the targets one after the other, reads the finished runs, writes
// the reports and exits with the gravest code.
func (c *compareCmd) Run() error {
	ctx, stop := interruptible()
	defer stop.release()
	targets, err := c.targets()
	if err != nil {
		return err
	}
	finished, err := c.finished()
	if err != nil {
		return err
	}
	if len(targets)+len(finished) == 0 {
		return errors.New("nothing to compare: give --targets FILE, or results")
	}
	if err := c.unambiguous(targets, finished); err != nil {
		return err
	}
	if _, err := c.splice(""); err != nil { // before minutes are spent
		return err
	}
	servers, absent, err := c.testAll(ctx, stop, targets)
	if err != nil {
		return err
	}
	servers = append(servers, finished...)
	if len(servers) > 0 {
		if err := c.write(servers, absent); err != nil {
			return err
		}
	}
	return conclusion(servers, len(absent) > 0, ctx.Err() != nil)
}

// testAll tests one target after the other. One that cannot be reached keeps
// no other from being tested.
func (c *compareCmd) testAll(ctx context.Context, stop *interrupt, targets []target) (servers []compare.Server, absent []compare.Absent, err error) {
	for _, t := range targets {
		if ctx.Err() != nil {
			absent = append(absent, compare.Absent{Name: t.Name, Why: "the comparison was interrupted before"})
			continue
		}
		fmt.Printf("== %s\n", t.Name)
		run, err := c.test(ctx, stop, t)
		switch {
		case ctx.Err() != nil && run == nil:
			absent = append(absent, compare.Absent{Name: t.Name, Why: "the comparison was interrupted"})
		case conformance.CodeOf(err) == conformance.ExitPreflight:
			fmt.Printf("not reached: %v\n", err)
			absent = append(absent, compare.Absent{Name: t.Name, Why: err.Error()})
		case err != nil:
			return nil, nil, err
		default:
			servers = append(servers, compare.Server{Name: t.Name, Run: run, Note: t.note()})
		}
	}
	return servers, absent, nil
}

// targets reads and chooses the targets and finds each of them sound on paper.
func (c *compareCmd) targets() ([]target, error) {
	if c.Targets == "" {
		if len(c.Only)+len(c.ID) > 0 {
			return nil, errors.New("--only and --id choose what is run: give --targets")
		}
		return nil, nil
	}
	all, err := readTargets(c.Targets)
	if err != nil {
		return nil, err
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(all, func(t target) bool { return t.Name == name }) {
			return nil, fmt.Errorf("--only %s: %s has no such target", name, c.Targets)
		}
	}
	for c.Seed == 0 {
		c.Seed = rand.Uint64N(1 << 32)
	}
	var chosen []target
	for _, t := range all {
		if len(c.Only) > 0 && !slices.Contains(c.Only, t.Name) {
			continue
		}
		o, err := c.options(t)
		if err != nil {
			return nil, err
		}
		if len(t.Command) > 0 {
			o.Endpoint = []string{"http://127.0.0.1:1"}
		} else if t.Embedded != "" {
			o.Embed(conformance.Embedded{URL: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "s"})
		}
		if _, err := conformance.NewPlan(o, scenarios.All(), os.Getenv); err != nil {
			return nil, fmt.Errorf("target %s: %w", t.Name, err)
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}

func (c *compareCmd) options(t target) (conformance.Options, error) {
	o, err := t.options(os.Getenv)
	o.ID, o.Seed, o.Out = c.ID, c.Seed, filepath.Join(c.Out, t.Name)
	return o, err
}

// finished reads the runs that need no running.
func (c *compareCmd) finished() ([]compare.Server, error) {
	var out []compare.Server
	add := func(name, file string) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		run, err := report.ReadJSON(f)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(run.Results) == 0 {
			return fmt.Errorf("%s: no results", file)
		}
		out = append(out, compare.Server{Name: name, Run: run})
		return nil
	}
	for _, file := range c.Results {
		if err := add(nameOf(file), file); err != nil {
			return nil, err
		}
	}
	for _, pair := range c.Runs {
		name, file, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--runs %s: want NAME=RESULT.json", pair)
		}
		if err := add(name, file); err != nil {
			return nil, fmt.Errorf("--runs %s: %w", name, err)
		}
	}
	return out, nil
}

// nameOf calls a run by its folder, or by its file when that says more.
func nameOf(file string) string {
	if base := strings.TrimSuffix(filepath.Base(file), ".json"); base != "result" {
		return base
	}
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	return filepath.Base(filepath.Dir(file))
}

// unambiguous refuses names that cannot stand beside each other.
func (c *compareCmd) unambiguous(targets []target, finished []compare.Server) error {
	seen := map[string]bool{}
	for _, t := range targets {
		seen[t.Name] = true
	}
	for _, s := range finished {
		if err := compare.CheckName(s.Name); err != nil {
			return fmt.Errorf("%w: call it otherwise with --runs", err)
		}
		if seen[s.Name] {
			return fmt.Errorf("two runs are called %s: call one otherwise with --runs", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// test runs the suite against one target and writes what it found.
func (c *compareCmd) test(ctx context.Context, stop *interrupt, t target) (whole *report.Run, err error) {
	o, err := c.options(t)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bleepstore-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	shut, err := t.start(ctx, &o, dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if serr := shut(); err == nil {
			err = serr
		}
	}()
	if whole, err = c.judge(ctx, stop, t, o); err != nil {
		return nil, err
	}
	if len(t.Command) > 0 { // its port is gone with it
		for _, text := range []*string{&whole.Repeat, &whole.RepeatOne} {
			*text = strings.ReplaceAll(*text, "--endpoint="+o.Endpoint[0], `--endpoint="$ENDPOINT"`)
		}
	}
	return whole, report.Write(o.Out, whole)
}

func (c *compareCmd) judge(ctx context.Context, stop *interrupt, t target, o conformance.Options) (*report.Run, error) {
	plan, err := conformance.NewPlan(o, scenarios.All(), os.Getenv)
	if err != nil {
		return nil, err
	}
	run, err := conformance.Open(ctx, plan)
	if err != nil {
		return nil, err
	}
	stop.ledger.Store(run.Ledger())
	if err := report.WritePreflight(os.Stdout, run.Report(nil, false)); err != nil {
		return nil, err
	}
	p := newProgress(len(plan.Items), 0, func(r scenarios.Result) string { return plan.RepeatResult(t.door(), r) })
	results := run.All(ctx, c.Workers, p.Add)
	err = p.Close()
	left, file, cerr := run.Close(context.WithoutCancel(ctx))
	if err = errors.Join(err, cerr); err != nil {
		return nil, err
	}
	whole := run.Report(results, ctx.Err() != nil)
	whole.Leftover, whole.Ledger = left, file
	whole.Repeat, whole.RepeatOne = plan.Repeat(t.door(), ""), plan.RepeatOne(t.door())
	if err := report.WriteVerdicts(os.Stdout, whole); err != nil {
		return nil, err
	}
	tellLeftover(os.Stdout, whole)
	return whole, nil
}

// write writes the page and the Markdown.
func (c *compareCmd) write(servers []compare.Server, absent []compare.Absent) error {
	all, err := compare.New(servers, absent)
	if err != nil {
		return err
	}
	var html strings.Builder
	if err := page.Write(&html, all); err != nil {
		return err
	}
	text, err := c.splice(all.Markdown())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	at := filepath.Join(c.Out, "report.html")
	if err := os.WriteFile(at, []byte(html.String()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(c.markdown(), text, 0o644); err != nil {
		return err
	}
	fmt.Printf("\nreports in %s and %s\n", at, c.markdown())
	return nil
}

func (c *compareCmd) markdown() string {
	if c.Markdown != "" {
		return c.Markdown
	}
	return filepath.Join(c.Out, "REPORT.md")
}

// splice returns the Markdown file with its generated part anew.
func (c *compareCmd) splice(generated string) ([]byte, error) {
	was, err := os.ReadFile(c.markdown())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	out, err := compare.Splice(was, generated)
	if err != nil {
		return nil, fmt.Errorf("%s is not for this command to write: %w", c.markdown(), err)
	}
	return out, nil
}

// conclusion is the gravest of what the servers' runs ended with.
func conclusion(servers []compare.Server, absent, interrupted bool) error {
	found := map[int]bool{}
	for _, s := range servers {
		found[conformance.ExitCode(s.Run)] = true
	}
	found[conformance.ExitPreflight] = absent
	order := []int{conformance.ExitInterrupted, conformance.ExitFailed, conformance.ExitPreflight, conformance.ExitInconclusive,
		conformance.ExitUnexpected, conformance.ExitLeftover}
	if interrupted { // what was found so far is not the whole
		found[conformance.ExitInterrupted] = true
		order = []int{conformance.ExitLeftover, conformance.ExitInterrupted}
	}
	for _, code := range order {
		if found[code] {
			return exitWith(code)
		}
	}
	return nil
}
