package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"bleepstore/conformance"
	"bleepstore/conformance/chart"
	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

type replayCmd struct {
	File        string `arg:"" help:"A history.jsonl that a run left."`
	ExpectLevel string `placeholder:"LEVEL" help:"Level that gates beside raw: register, cas, list or list-atomic; of a workload no more than it can show."`
	Out         string `placeholder:"DIR" help:"Write verdict.json, chart.svg and drawings of failing keys there."`
}

// Help says how it ends.
func (c *replayCmd) Help() string { return verdictCodes + ` 130 interrupted; 2 usage.` }

// Run judges a saved history again: the verdict, and the exit code, are those of
// the run that left it.
func (c *replayCmd) Run() error {
	ctx, stop := interruptible()
	defer stop.release()
	h := &hunt{expect: model.Eventual, out: os.Stdout, dir: c.Out}
	if c.ExpectLevel != "" {
		l, err := model.ParseLevel(c.ExpectLevel)
		if err != nil {
			return fmt.Errorf("--expect-level: %w", err)
		}
		h.expect = l
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return unwritten(err)
		}
	}
	var said bytes.Buffer // a file that turns out to be damaged has no verdict
	if err := c.judge(ctx, h, &said); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return exitWith(conformance.ExitInterrupted)
	}
	h.conclude(&said)
	fmt.Printf("%s\n%s\n", &said, h.sentence())
	if c.Out != "" {
		if err := h.writeVerdict(); err != nil {
			return unwritten(err)
		}
		fmt.Printf("in %s: %s\n", c.Out, strings.Join(h.files(), ", "))
	}
	if code := h.verdict.ExitCode(h.expect); code != 0 {
		return exitWith(code)
	}
	return nil
}

// judge judges the workloads one by one, as the run did: each has a deadline of
// its own.
func (c *replayCmd) judge(ctx context.Context, h *hunt, said *bytes.Buffer) error {
	one := func(w *history.History) error {
		v, err := h.add(ctx, w)
		if err != nil {
			return unwritten(err)
		}
		v.Write(said)
		return ctx.Err()
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	err = history.ReadEach(f, one)
	if errors.Is(err, history.ErrScattered) { // another program's: all of it has to be read first
		h.verdict, h.chart, h.windows = check.Verdict{}, chart.Chart{}, nil
		said.Reset()
		err = c.judgeWhole(f, one)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return nil
}

func (c *replayCmd) judgeWhole(f *os.File, one func(*history.History) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	whole, err := history.Read(f)
	if err != nil {
		return err
	}
	for _, w := range whole.Workloads {
		header := whole.Header
		header.Workloads = []history.Workload{w}
		if err := one(&history.History{Header: header, Ops: whole.Of(w.Name)}); err != nil {
			return err
		}
	}
	return nil
}
