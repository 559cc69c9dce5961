package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/fault"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
	"bleepstore/scenarios/consistency"
)

// A ground is the cluster of a run with faults: what they are done to, where
// clients reach it, and what it tells of itself. What it cannot do is nil.
type ground struct {
	target fault.Target
	reach  func(o *conformance.Options) // points the options at it
	equal  func(context.Context) (map[string]process.State, error)
	deaths func() []process.Death
	logs   func() map[string]string    // files by node
	resent func() []consistency.Resent // requests that were sent a second time on their way
	close  func() error                // ends what was started for the run, and heals the rest
	own    bool                        // the nodes, and what they hold, end with the run
}

// hold makes the ground of a run, with proxies before the nodes where requests
// are to be disturbed. Its error is an *Error that tells the exit code.
func (c *chaosCmd) hold(ctx context.Context, seed uint64, requests bool) (*ground, error) {
	var fronts *proxy.Fronts
	if requests {
		fronts = proxy.NewFronts(proxy.FrontConfig{Seed: seed, Tag: history.AttemptHeader})
	}
	switch {
	case c.Topology != "":
		t, err := process.ReadFile(c.Topology)
		if err != nil {
			return nil, usage("--topology: %w", err)
		}
		return c.stand(ctx, t, seed, fronts)
	case c.Alone, c.Nodes > 0:
		settings, err := c.settings()
		if err != nil {
			return nil, err
		}
		topology := ownTopology
		if c.Alone {
			topology = aloneTopology
		}
		t, err := topology(settings)
		if err != nil {
			return nil, err
		}
		return c.stand(ctx, t, seed, fronts)
	}
	return c.elsewhere(ctx, seed, requests)
}

// settings are those of the nodes of a cluster of our own.
func (c *chaosCmd) settings() (map[string]string, error) {
	s := map[string]string{}
	cloud, err := c.cloud()
	maps.Copy(s, cloud)
	if c.Backend != "" {
		s["storage.backend"] = c.Backend
	}
	if c.Region != "" {
		s["server.region"] = c.Region
	}
	return s, err
}

// stand starts the processes of a topology, with what disturbs them between and
// before them.
func (c *chaosCmd) stand(ctx context.Context, t process.Topology, seed uint64, fronts *proxy.Fronts) (_ *ground, err error) {
	dir, remove, err := c.place()
	if err != nil {
		return nil, err
	}
	g := &ground{own: c.Data == ""}
	g.ends(remove)
	defer func() {
		if err == nil {
			return
		}
		code := conformance.ExitPreflight
		if errors.Is(err, process.ErrTopology) {
			code = conformance.ExitUsage
		}
		err = &conformance.Error{Code: code, Err: errors.Join(err, g.close())}
	}()
	o := process.Options{Dir: dir, Nodes: c.Nodes, Arg0: "bleepstore", Notes: os.Stderr}
	lift, err := c.lay(&o, seed) // what is under and between them
	g.ends(lift)
	if err != nil {
		return nil, err
	}
	if fronts != nil {
		g.before(fronts)
		o.Fronts = fronts
	}
	cluster, err := process.Start(ctx, t, o)
	if err != nil {
		return nil, err
	}
	g.ends(cluster.Close)
	g.target, g.equal, g.deaths, g.logs = cluster, cluster.Equal, cluster.Deaths, cluster.Logs
	urls, clients := cluster.Endpoints(), newRoster(cluster.Endpoints)
	g.reach = func(o *conformance.Options) {
		access, secret, region := cluster.Keys()
		o.Embed(conformance.Embedded{URL: urls[0], AccessKey: access, SecretKey: secret})
		o.Endpoint, o.Region = urls, region
		o.DialBy(clients.Dial)
	}
	return g, nil
}

// ends adds what is to be done in the end, before all that was added before.
func (g *ground) ends(fn func() error) {
	before := g.close
	g.close = func() error {
		err := fn()
		if before == nil {
			return err
		}
		return errors.Join(err, before())
	}
}

// before puts proxies before the nodes, which tell what they sent twice.
func (g *ground) before(fronts *proxy.Fronts) {
	g.ends(fronts.Close)
	g.resent = func() (all []consistency.Resent) {
		for _, d := range fronts.Events() {
			if d.What == "Duplicate" && d.Tag != "" { // else it is none of a client's
				all = append(all, consistency.Resent{Attempt: d.Tag, Status: d.Status, Header: d.Header, Body: d.Body})
			}
		}
		return all
	}
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
