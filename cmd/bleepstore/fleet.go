package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault/process"
	"bleepstore/reference/config"
)

// A fleet is a local cluster that runs: a process a node, children of this one.
// What happens to them is told to notes, and recorded in the directory.
type fleet struct {
	plan  *fleetPlan
	notes io.Writer

	mu       sync.Mutex // of what follows
	record   *fleetRecord
	nodes    []*launched // by index in the record
	stopping bool

	watchers sync.WaitGroup
	quit     chan struct{} // closed by stop
	dead     chan struct{} // closed when no node runs any more
}

// starts is how often a cluster is started when addresses that were free are taken
// before its nodes listen on them, by some other process.
const starts = 3

// errTaken says so.
var errTaken = errors.New("an address that was free has been taken")

// startFleet starts the nodes and returns when every one says that it is ready.
// When ctx ends first, or a node ends, or readyWithin has passed, everything is
// stopped again, and the error has ExitFailed; one without a code is of the
// plan. ctx bounds the start only.
func startFleet(ctx context.Context, p *fleetPlan, notes io.Writer) (*fleet, error) {
	for n := 1; ; n++ {
		f, err := startOnce(ctx, p, notes)
		if !errors.Is(err, errTaken) || n == starts {
			return f, err
		}
		fmt.Fprintf(notes, "%v; once more with others\n", errTaken)
	}
}

// startOnce is startFleet, and fails with errTaken where that is why.
func startOnce(ctx context.Context, p *fleetPlan, notes io.Writer) (_ *fleet, err error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	f := &fleet{plan: p, notes: notes, quit: make(chan struct{}), dead: make(chan struct{})}
	if f.record, err = readRecord(p.dir); err != nil {
		return nil, err
	}
	if err := f.vacant(ctx); err != nil {
		return nil, err
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	if p.picked != nil {
		p.picked(f.record)
	}
	defer func() {
		if err != nil {
			err = &conformance.Error{Code: conformance.ExitFailed, Err: errors.Join(err, f.stop())}
		}
	}()
	f.nodes = make([]*launched, len(f.record.Nodes))
	for i := range f.nodes {
		if err := f.spawn(i); err != nil {
			return nil, err
		}
	}
	if err := f.ready(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.record.Founded = true
	if err := f.record.write(p.dir); err != nil {
		return nil, err
	}
	for i, node := range f.nodes {
		f.watchers.Go(func() { f.watch(i, node) })
	}
	return f, nil
}

// prepare has the files of the nodes written, for the addresses that are free.
func (f *fleet) prepare() error {
	before := slices.Clone(f.record.Nodes)
	if err := f.plan.plan(f.record); err != nil {
		return err
	}
	for i, was := range before {
		if is := f.record.Nodes[i]; was.Addr != is.Addr {
			fmt.Fprintf(f.notes, "%s: %s is taken, it serves at %s now\n", is.ID, was.Addr, is.Addr)
		}
	}
	if err := f.plan.mintSecret(f.record); err != nil {
		return err
	}
	if err := f.plan.write(f.record); err != nil {
		return err
	}
	if err := f.plan.check(f.record); err != nil {
		return err
	}
	f.record.PID = os.Getpid()
	return f.record.write(f.plan.dir)
}

// spawn starts the process of a node.
func (f *fleet) spawn(i int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	n := &f.record.Nodes[i]
	cmd := exec.CommandContext(context.Background(), self, "serve", "--config", n.Config, "--with-parent")
	cmd.Args[0], cmd.Env = "bleepstore", nodeEnv(os.Environ())
	process.Group(cmd) // this process passes on what signals of a terminal it wants to
	p, err := spawn(cmd, n.ID, n.Log)
	if err != nil {
		return fmt.Errorf("start %s: %w", n.ID, err)
	}
	p.grace = max(f.plan.drain+5*time.Second, p.grace)
	f.nodes[i], n.PID = p, p.PID()
	return f.record.write(f.plan.dir)
}

// nodeEnv is the environment without settings: the file of a node has them all,
// and a variable would beat it.
func nodeEnv(all []string) []string {
	names := map[string]bool{}
	for _, s := range config.Settings() {
		names[config.Env(s.Key)] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return names[name]
	})
}

// stop asks all nodes to leave, and returns when they have. One that stays
// longer than its drain takes is killed. Later calls do nothing.
func (f *fleet) stop() error {
	f.mu.Lock()
	if f.stopping {
		f.mu.Unlock()
		return nil
	}
	f.stopping = true
	close(f.quit)
	nodes := slices.Clone(f.nodes)
	f.mu.Unlock()

	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, p := range nodes {
		if p != nil {
			all.Go(func() { errs[i] = p.stop() })
		}
	}
	all.Wait()
	f.watchers.Wait()
	f.record.PID = 0
	for i := range f.record.Nodes {
		f.record.Nodes[i].PID = 0
	}
	return errors.Join(append(errs, f.record.write(f.plan.dir))...)
}
