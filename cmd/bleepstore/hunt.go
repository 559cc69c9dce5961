package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/chart"
	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
	"bleepstore/scenarios/consistency"
)

// A hunt gathers what the workloads of a run show. Each is judged and written
// when it ends, so that no more than one is in memory at a time.
type hunt struct {
	expect  model.Level
	out     io.Writer
	options consistency.Options
	rec     *history.Recorder

	dir     string // "": nothing is written
	header  history.Header
	verdict check.Verdict
	chart   chart.Chart
	windows *check.Windows // of a run with faults
	file    *os.File       // of the operations so far, under a header that is not whole yet
	writer  *history.Writer
}

// The files of a run.
const (
	historyFile  = "history.jsonl"
	partFile     = "history.part.jsonl"
	verdictFile  = "verdict.json"
	chartFile    = "chart.svg"
	timelineFile = "timeline.txt" // of a run with faults
	judgingBound = time.Minute
)

// scenarios are the workloads as the engine runs them.
func (h *hunt) scenarios(chosen []consistency.Workload) []scenarios.Scenario {
	var out []scenarios.Scenario
	for i, w := range chosen {
		out = append(out, scenarios.Declared(scenarios.Scenario{
			ID: fmt.Sprintf("consistency.%02d.%s", i, w.Name), Rule: w.Rule, Says: w.Says, Ref: w.Ref, Level: scenarios.Must,
			Needs: []scenarios.Feature{scenarios.Consistency},
			Check: func(ctx context.Context, s *scenarios.S) { h.run(ctx, s, w) },
		}))
	}
	return out
}

// run runs one workload and judges what it recorded, also where it could not be
// run to its end: what was seen until then counts.
func (h *hunt) run(ctx context.Context, s *scenarios.S, w consistency.Workload) {
	told, err := w.Run(ctx, s, h.rec, h.options)
	if ops := h.rec.Take(); len(ops) > 0 {
		s.Must(h.judge(ctx, told, ops), "judge and write the history")
	}
	consistency.Require(s, err)
}

// open begins the files in dir, which may be "".
func (h *hunt) open(dir string, header history.Header) error {
	h.dir, h.header = dir, header
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unwritten(err)
	}
	f, err := os.Create(filepath.Join(dir, partFile))
	if err != nil {
		return unwritten(err)
	}
	h.file = f
	if h.writer, err = history.NewWriter(f, header); err != nil {
		return unwritten(errors.Join(err, f.Close()))
	}
	return nil
}

// unwritten is an error that says nothing about the server.
func unwritten(err error) error {
	return &conformance.Error{Code: conformance.ExitInconclusive, Err: fmt.Errorf("write the results: %w", err)}
}

// judge judges the operations of one workload and tells the verdict.
func (h *hunt) judge(ctx context.Context, told history.Workload, ops []history.Op) error {
	header := h.header
	header.Workloads = []history.Workload{told}
	one, err := history.New(header, ops)
	if err != nil {
		return err
	}
	h.header.Workloads = append(h.header.Workloads, told)
	if h.writer != nil {
		for _, o := range one.Ops {
			h.writer.Add(o)
		}
	}
	v, err := h.add(ctx, one)
	if err != nil {
		return err
	}
	v.Write(h.out)
	return nil
}

// add takes a history's verdict into the whole.
func (h *hunt) add(ctx context.Context, one *history.History) (*check.Verdict, error) {
	v, err := check.Check(ctx, one, check.Options{Deadline: judgingBound, Artifacts: h.dir})
	if err != nil {
		return nil, err
	}
	h.verdict.Workloads = append(h.verdict.Workloads, v.Workloads...)
	if one.Faults != nil && h.windows == nil {
		h.windows = check.NewWindows(one.Faults)
		h.chart.Disturb(one.Faults)
	}
	for _, w := range one.Workloads {
		ops := one.Of(w.Name)
		h.chart.Add(w.Name, ops)
		if h.windows != nil {
			h.windows.Add(w.Name, ops)
		}
	}
	return v, nil
}

// conclude judges what only all workloads together show, and tells it.
func (h *hunt) conclude(out io.Writer) {
	if h.windows != nil {
		h.windows.Judge(&h.verdict)
		h.verdict.Faults.Write(out)
	}
}

// close writes what the whole run shows, and how to run it again.
func (h *hunt) close() error {
	h.conclude(h.out)
	fmt.Fprintf(h.out, "\n%s\n", h.sentence())
	if h.dir != "" {
		if err := errors.Join(h.writer.Flush(), h.writeHistory(), h.file.Close(), os.Remove(h.file.Name()), h.writeVerdict()); err != nil {
			return unwritten(err)
		}
		fmt.Fprintf(h.out, "in %s: %s, %s; bleepstore replay %s judges it again\n", h.dir,
			historyFile, strings.Join(h.files(), ", "), filepath.Join(h.dir, historyFile))
	}
	fmt.Fprintf(h.out, "repeat: %s\n", h.header.Repeat)
	return nil
}

// writeHistory puts the header, whole now, before the operations.
func (h *hunt) writeHistory() (err error) {
	out, err := os.Create(filepath.Join(h.dir, historyFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	head, err := history.NewWriter(out, h.header)
	if err == nil {
		err = head.Flush()
	}
	if err != nil {
		return err
	}
	if _, err := h.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(h.file, 1<<16)
	if _, err := in.ReadString('\n'); err != nil { // the header that was not whole
		return err
	}
	_, err = io.Copy(out, in)
	return err
}

// files are those that tell the verdict.
func (h *hunt) files() []string {
	if h.windows == nil {
		return []string{verdictFile, chartFile}
	}
	return []string{verdictFile, chartFile, timelineFile}
}

// writeVerdict writes the verdict, the chart and, of a run with faults, the
// timeline.
func (h *hunt) writeVerdict() error {
	text, err := json.MarshalIndent(&h.verdict, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(h.dir, verdictFile), append(text, '\n'), 0o644); err != nil {
		return err
	}
	draw := func(name string, write func(io.Writer) error) error {
		f, err := os.Create(filepath.Join(h.dir, name))
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	if err := draw(chartFile, h.chart.Write); err != nil || h.windows == nil {
		return err
	}
	return draw(timelineFile, h.chart.Timeline)
}

// sentence is the verdict in one line.
func (h *hunt) sentence() string {
	var broken, open []string
	for _, w := range h.verdict.Workloads {
		gate := max(model.Raw, min(h.expect, w.Top))
		switch {
		case w.Level < gate && len(w.Violations) > 0:
			broken = append(broken, fmt.Sprintf("%s (%s)", w.Name, w.Level))
		case w.Inconclusive != "":
			open = append(open, w.Name)
		}
	}
	f := h.verdict.Faults
	if f == nil {
		f = &check.Faults{}
	}
	if f.Inconclusive != "" {
		open = append(open, f.Inconclusive)
	}
	switch {
	case len(broken) > 0:
		return "VIOLATION: below what is demanded: " + strings.Join(broken, ", ")
	case f.Diverged != "":
		return "VIOLATION: " + f.Diverged
	case len(f.Failing) > 0:
		return "FAILED: " + strings.Join(f.Failing, "; ")
	case len(open) > 0:
		return "INCONCLUSIVE: " + strings.Join(open, ", ")
	case len(h.verdict.Workloads) == 0:
		return "INCONCLUSIVE: nothing was run"
	case h.expect > model.Raw:
		return fmt.Sprintf("as expected: no history breaks raw, nor %s as far as its workload shows it", h.expect)
	}
	return "as documented: no history breaks raw"
}

// exitCode is the verdict's, unless the run could not be done, or undone, as it
// should have been.
func (h *hunt) exitCode(whole *report.Run) int {
	code := h.verdict.ExitCode(h.expect)
	switch {
	case whole.Interrupted || code == conformance.ExitViolation:
		if whole.Interrupted {
			return conformance.ExitCode(whole)
		}
		return code
	}
	for _, res := range whole.Results {
		if res.Verdict != scenarios.Pass && !conformance.IsInvariant(res.ID) {
			code = conformance.ExitInconclusive
		}
	}
	if code == 0 && len(whole.Leftover) > 0 {
		return conformance.ExitLeftover
	}
	return code
}
