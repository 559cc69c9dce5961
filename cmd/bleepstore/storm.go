package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/conformance/report"
	"bleepstore/conformance/trial"
	"bleepstore/fault"
	"bleepstore/fault/process"
)

// How long a storm waits for what should be quick.
const (
	calmWithin  = 30 * time.Second // until every workload gets on, before the first fault
	healWithin  = 60 * time.Second // for what faults did to be taken back
	equalWithin = 60 * time.Second // for all nodes to have applied the same
)

// A storm is a run with faults: all workloads at once, and a schedule that is
// played meanwhile. Its steps are start, rage, settle, end and weigh.
type storm struct {
	*hunt
	ground   *ground
	schedule fault.Schedule
	works    []string
	engine   conformance.Options
	header   func(*conformance.Plan) history.Header
	gate     history.Faults // what is demanded

	load *trial.Load // from start to end
	seen *history.History
	open []string // why not everything was run to its end
	left []string // what could not be removed
}

// start lets the clients loose, and returns when every workload that can be run
// gets on. The
// caller ends the storm, whatever is returned.
func (s *storm) start(ctx context.Context, in *interrupt) (err error) {
	s.ground.reach(&s.engine)
	most := time.Duration(s.schedule.Length) + calmWithin + 2*healWithin
	s.load, err = trial.Start(ctx, trial.Options{Engine: &s.engine, Getenv: os.Getenv, Workloads: s.works, Clients: s.options.Clients, Most: most, Resent: s.ground.resent})
	if err != nil {
		return err
	}
	in.ledger.Store(s.load.Run().Ledger())
	if err := report.WritePreflight(s.out, s.load.Run().Report(nil, false)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "faults    %d in %s, on %s\n\n", len(s.schedule.Events), s.schedule.Length, strings.Join(s.ground.target.Nodes(), ", "))
	if err := s.hunt.open(s.dir, s.header(s.load.Run().Plan)); err != nil {
		return err
	}
	if err := s.writeSchedule(); err != nil {
		return unwritten(err)
	}
	waiting, cancel := context.WithTimeoutCause(ctx, calmWithin, fmt.Errorf("not within %s", calmWithin))
	defer cancel()
	if err := s.load.Begun(waiting); err != nil { // there is nothing to disturb
		return &conformance.Error{Code: conformance.ExitInconclusive, Err: fmt.Errorf("before the first fault: %w", err)}
	}
	return nil
}

// rage plays the schedule, heals, and lets the clients go on for as long as it is
// to be quiet in the end.
func (s *storm) rage(ctx context.Context) history.Faults {
	f := s.gate
	f.From = s.load.Now()
	began := time.Now()
	nemesis := fault.NewNemesis(s.ground.target)
	heal := func() error { // also when the run has been interrupted, or something panics
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healWithin)
		defer cancel()
		return nemesis.Heal(ctx)
	}
	defer heal()
	_ = nemesis.Play(ctx, s.schedule, healWithin) // the diary has what went wrong
	if err := heal(); err != nil {
		f.Broken = append(f.Broken, fmt.Sprintf("not everything was healed: %v", err))
	}
	rest := time.NewTimer(max(time.Until(began.Add(time.Duration(s.schedule.Length))), quiet(s.schedule)))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	f.To = s.load.Now()
	diary := nemesis.Diary()
	if err := s.writeJSON("diary.json", diary); err != nil {
		s.open = append(s.open, err.Error())
	}
	f.Bands, f.Quorum = banded(diary, f.From, f.To)
	f.Broken = append(f.Broken, s.deaths()...)
	return f
}

// quiet is for how long a schedule leaves the cluster alone in the end.
func quiet(s fault.Schedule) time.Duration {
	last := fault.Span(0)
	for _, e := range s.Events {
		last = max(last, e.End())
	}
	return max(time.Duration(s.Length-last), 2*time.Second)
}

// deaths are the nodes that ended by themselves, with no fault that explains it.
func (s *storm) deaths() (out []string) {
	if s.ground.deaths == nil {
		return nil
	}
	for _, d := range s.ground.deaths() {
		if d.Cause == "" {
			out = append(out, d.String())
		}
	}
	return out
}

// settle lets the clients end and read everything once more, and compares the
// nodes.
func (s *storm) settle(ctx context.Context, f *history.Faults) {
	if err := s.load.Stop(); err != nil && ctx.Err() == nil {
		s.open = append(s.open, err.Error())
	}
	h, err := s.load.History()
	if err != nil {
		s.open = append(s.open, err.Error())
		return
	}
	s.seen = h
	if s.ground.equal == nil || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, equalWithin)
	defer cancel()
	states, err := s.ground.equal(ctx)
	if errors.Is(err, process.ErrUnknown) {
		return // told as not compared
	}
	for name, st := range states {
		applied, _ := strconv.ParseUint(st.Applied, 10, 64) // 0 where nodes do not tell
		f.States = append(f.States, history.State{Node: name, Applied: applied, Hash: st.Hash})
	}
	slices.SortFunc(f.States, func(a, b history.State) int { return strings.Compare(a.Node, b.Node) })
	if err != nil && len(states) < len(s.ground.target.Nodes()) {
		s.open = append(s.open, fmt.Sprintf("not all nodes told what state they are in: %v", err))
	}
}

// end removes what the run made, keeps what the nodes printed, and ends them,
// however far the run came. Later calls do nothing.
func (s *storm) end(ctx context.Context) (err error) {
	if s.load != nil {
		removing, cancel := context.WithCancel(context.WithoutCancel(ctx))
		own := s.ground != nil && s.ground.own
		if own {
			cancel() // everything goes with the nodes
		}
		left, ledger, rerr := s.load.Remove(removing)
		cancel()
		s.load, err = nil, rerr
		if !own {
			s.left = left
			tellLeftover(s.out, &report.Run{Leftover: left, Ledger: ledger})
		}
	}
	if s.ground == nil {
		return err
	}
	if s.dir != "" {
		err = errors.Join(err, s.ground.keepLogs(filepath.Join(s.dir, "nodes")))
	}
	err = errors.Join(err, s.ground.close())
	s.ground = nil
	return err
}

// weigh judges what was recorded, and writes it.
func (s *storm) weigh(ctx context.Context, f *history.Faults) error {
	s.hunt.header.Faults = f
	if s.seen != nil {
		for _, w := range s.seen.Workloads {
			if err := s.judge(ctx, w, s.seen.Of(w.Name)); err != nil {
				return err
			}
		}
	}
	for _, why := range s.open {
		fmt.Fprintf(s.out, "INCONCLUSIVE: %s\n", why)
	}
	return s.close()
}

// exitCode is the verdict's, unless the run could not be done, or undone, as it
// should have been.
func (s *storm) exitCode(interrupted bool) int {
	code := s.verdict.ExitCode(s.expect)
	switch {
	case interrupted && len(s.left) > 0:
		return conformance.ExitLeftover
	case interrupted:
		return conformance.ExitInterrupted
	case code != 0:
		return code
	case len(s.open) > 0:
		return conformance.ExitInconclusive
	case len(s.left) > 0:
		return conformance.ExitLeftover
	}
	return 0
}
