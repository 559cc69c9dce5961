package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bleepstore/conformance"
	"bleepstore/fault"
	"bleepstore/fault/process"
)

// A ground is the cluster of a run with faults: what they are done to, where
// clients reach it, and what it tells of itself. What it cannot do is nil.
type ground struct {
	target fault.Target
	reach  func(o *conformance.Options) // points the options at it
	equal  func(context.Context) (map[string]process.State, error)
	deaths func() []process.Death
	logs   func() map[string]string // files by node
	close  func() error             // ends what was started for the run
	own    bool                     // the nodes, and what they hold, end with the run
}

// hold makes the ground of a run. Its error is an *Error that tells the exit
// code.
func (c *chaosCmd) hold(ctx context.Context, seed uint64) (*ground, error) {
	switch {
	case c.Topology != "":
		t, err := process.ReadFile(c.Topology)
		if err != nil {
			return nil, usage("--topology: %w", err)
		}
		return c.stand(ctx, t, seed)
	case c.Nodes > 0:
		t, err := ownTopology(c.settings())
		if err != nil {
			return nil, err
		}
		return c.stand(ctx, t, seed)
	}
	return nil, usage("--nemesis: there is nothing to disturb: give --nodes or --topology")
}

// settings are those of the nodes of a cluster of our own.
func (c *chaosCmd) settings() map[string]string {
	s := map[string]string{}
	if c.Backend != "" {
		s["storage.backend"] = c.Backend
	}
	if c.Region != "" {
		s["server.region"] = c.Region
	}
	return s
}

// stand starts the processes of a topology, with what disturbs them between and
// before them.
func (c *chaosCmd) stand(ctx context.Context, t process.Topology, seed uint64) (_ *ground, err error) {
	dir, remove, err := c.place()
	if err != nil {
		return nil, err
	}
	shut := []func() error{remove}
	end := func() error { // what was begun last ends first
		var errs []error
		for i := len(shut) - 1; i >= 0; i-- {
			errs = append(errs, shut[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err == nil {
			return
		}
		code := conformance.ExitPreflight
		if errors.Is(err, process.ErrTopology) {
			code = conformance.ExitUsage
		}
		err = &conformance.Error{Code: code, Err: errors.Join(err, end())}
	}()
	o := process.Options{Dir: dir, Nodes: c.Nodes, Arg0: "bleepstore", Notes: os.Stderr}
	lift, err := c.lay(&o, seed)
	shut = append(shut, lift)
	if err != nil {
		return nil, err
	}
	cluster, err := process.Start(ctx, t, o)
	if err != nil {
		return nil, err
	}
	shut = append(shut, cluster.Close)
	return &ground{
		target: cluster, equal: cluster.Equal, deaths: cluster.Deaths, logs: cluster.Logs, close: end, own: c.Data == "",
		reach: func(o *conformance.Options) {
			urls := cluster.Endpoints()
			access, secret, region := cluster.Keys()
			o.Embed(conformance.Embedded{URL: urls[0], AccessKey: access, SecretKey: secret})
			o.Endpoint, o.Region = urls, region
		},
	}, nil
}

// place is the directory of the processes. remove takes it away, unless it was
// to stay.
func (c *chaosCmd) place() (dir string, remove func() error, err error) {
	if c.Data == "" {
		if dir, err = os.MkdirTemp("", "bleepstore-chaos-"); err != nil {
			return "", nil, err
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	if there, err := os.ReadDir(c.Data); err == nil && len(there) > 0 {
		return "", nil, usage("--data %s: faults are for a new cluster, and there is something", c.Data)
	}
	return c.Data, func() error { return nil }, nil
}

// keepLogs copies what the nodes printed to a directory.
func (g *ground) keepLogs(dir string) error {
	if g.logs == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for node, path := range g.logs() {
		errs = append(errs, copyFile(filepath.Join(dir, node+".log"), path))
	}
	return errors.Join(errs...)
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}
