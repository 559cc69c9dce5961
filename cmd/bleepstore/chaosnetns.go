package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bleepstore/conformance"
	"bleepstore/fault/netns"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
)

// layerFlags say what is between the nodes of a run with faults.
type layerFlags struct {
	Layer []string `sep:"," default:"proxy" enum:"proxy,netns,fuse" placeholder:"LAYER" help:"What does the faults of the network: proxy (of this program, on the loopback interface), or netns (the kernel's, which gives each node a network namespace; as root or in a user namespace). With fuse, each node's data directory is a file system of this program's as well, for the faults of disks, and forgets what was not synced whenever the node is killed; as root. (proxy)"`
	Alone bool     `help:"One server by itself, as bleepstore serve is, instead of a cluster."`
}

func (l *layerFlags) has(layer string) bool { return slices.Contains(l.Layer, layer) }

func (l *layerFlags) check(faults, other bool) error {
	switch {
	case l.has("netns") && l.has("proxy"):
		return usage("--layer: proxy or netns, not both")
	case !faults && l.repeat() != "":
		return usage("--layer and --alone are for a run with faults: give --nemesis or --schedule")
	case l.Alone && other:
		return usage("--alone: leave out --nodes, --topology and --endpoint")
	}
	return nil
}

// repeat is what the flags add to the command that repeats a run.
func (l *layerFlags) repeat() (out string) {
	if !slices.Equal(l.Layer, []string{"proxy"}) {
		out = " --layer=" + strings.Join(l.Layer, ",")
	}
	if l.Alone {
		out += " --alone"
	}
	return out
}

// enter has the program run in namespaces, where a layer wants them. Outside it
// does not return, unless there are none.
func (l *layerFlags) enter() error {
	if !l.has("netns") {
		return nil
	}
	if err := netns.Reexec(); err != nil {
		return &conformance.Error{Code: conformance.ExitPreflight, Err: fmt.Errorf("--layer netns: %w", err)}
	}
	return nil
}

// lay puts between the nodes what disturbs them. The caller calls lift, also
// after an error.
func (l *layerFlags) lay(o *process.Options, seed uint64) (lift func() error, err error) {
	rack, err := l.layDisks(o, seed)
	if err != nil {
		return nothing, err
	}
	lab, err := l.layNetwork(o, seed)
	return func() error { return errors.Join(rack(), lab()) }, err
}

func (l *layerFlags) layNetwork(o *process.Options, seed uint64) (lift func() error, err error) {
	if l.has("netns") {
		lab, err := netns.New(seed)
		if err != nil {
			return nothing, fmt.Errorf("--layer netns: %w", err)
		}
		o.Lab = lab
		return lab.Close, nil
	}
	edges, err := proxy.NewEdges(seed)
	if err != nil {
		return nothing, err
	}
	o.Edges = edges
	return edges.Close, nil
}

func nothing() error { return nil }
